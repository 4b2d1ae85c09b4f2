/** Listens to what the service tells, again and again, and knows when it has fallen silent. No part of a browser is in it. */
import type { Clock } from '../../../../src/clock.ts';

/** The service says something every 15 s, if only that it is there: two that did not come, and a bit. */
export const SILENT_MS = 35_000;
/** Between two attempts. */
export const AGAIN_MS = 3000;

export interface FollowOptions {
  /** Listens until the stream ends or the signal aborts; tells each time that anything came. */
  readonly listen: (came: () => void, signal: AbortSignal) => Promise<void>;
  /** Something came, after nothing had. */
  readonly heard: () => void;
  /** It ended, failed or fell silent. @param since when something came last; undefined: nothing ever did */
  readonly unheard: (since: Date | undefined) => void;
  readonly clock: Clock;
}

/** Resolves once the signal is aborted. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { clock, unheard } = options;
  let cameAt: Date | undefined;
  while (!signal.aborted) {
    cameAt = (await hearOnce(options, signal)) ?? cameAt;
    if (signal.aborted) return;
    unheard(cameAt);
    await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
  }
}

/** One connection, until it ends or nothing came for too long. Resolves with when something came last. */
async function hearOnce(
  { listen, heard, clock }: FollowOptions,
  signal: AbortSignal,
): Promise<Date | undefined> {
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  let lastAt = clock.monotonic();
  let cameAt: Date | undefined;
  const came = () => {
    if (ended.signal.aborted) return;
    lastAt = clock.monotonic();
    if (cameAt === undefined) heard();
    cameAt = clock.now();
  };
  const silence = async () => {
    for (let left = SILENT_MS; left > 0; left = lastAt + SILENT_MS - clock.monotonic())
      await clock.sleep(left, ended.signal);
  };
  try {
    // A connection that is dead may not even hear that it is over.
    await Promise.race([listen(came, ended.signal), silence()]);
  } catch {
    // It is tried again, whatever it was.
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
  return cameAt;
}
