/** What befalls the network of this computer: it slept, or its addresses changed. */
import { networkInterfaces } from 'node:os';

export interface NetworkNews {
  /** For so long that servers and routers may have forgotten its connections. */
  readonly slept: boolean;
  /** As they are now, without zones. */
  readonly addresses: ReadonlySet<string>;
}

/** One look at this computer. */
export interface NetworkLook {
  /** Milliseconds of the wall clock: it goes on while the computer sleeps. */
  readonly time: number;
  readonly addresses: ReadonlySet<string>;
}

/** Milliseconds between two looks. */
const every = 1_000;
/** A look that comes so much later was held up: the computer slept, or this process was stopped. */
const late = 10_000;

/** What has happened between two looks; undefined: nothing that a connection would not outlive. */
export function newsBetween(last: NetworkLook, now: NetworkLook): NetworkNews | undefined {
  const slept = now.time - last.time > late;
  const hasLost = [...last.addresses].some((one) => !now.addresses.has(one));
  return slept || hasLost ? { slept, addresses: now.addresses } : undefined;
}

/** Tells of each change, once it is seen, until the function that is returned is called. Keeps no process alive. */
export function watchNetwork(tell: (news: NetworkNews) => void): () => void {
  let last = lookAtNetwork();
  const timer = setInterval(() => {
    const now = lookAtNetwork();
    const news = newsBetween(last, now);
    last = now;
    if (news) tell(news);
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}

function lookAtNetwork(): NetworkLook {
  const all = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
  return { time: Date.now(), addresses: new Set(all) };
}
