/** Waits for replicas: until they have room for more work, are through with it, or write nothing any more. */
import type { Clock } from '../../../src/clock.ts';
import { WRITE_MS } from '../reconcile/fenced-client.ts';
import type { Replica } from '../reconcile/replica.ts';

/** Objects that may wait for a replica before the primary's lists are held up; a page of each list comes on top of them. */
const FULL = 150;
const MOST_MS = 60_000;
const PERIOD_MS = 20;
/** For room it is looked more often: lists are held up meanwhile. */
const ROOM_PERIOD_MS = 4;
/** How long one comparison waits for a replica that does not answer. */
const PATIENCE_MS = 15_000;
/** Writes that take longer than that are waited for aloud. */
const TELL_MS = 1000;

export interface PaceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Load = Pick<Replica, 'isHeld' | 'busy' | 'delayed'>;

/** Resolves when a replica has room: the primary's objects need not be kept then. */
export async function awaitRoom(replicas: readonly Load[], { clock, signal }: PaceOptions): Promise<void> {
  const until = clock.monotonic() + MOST_MS;
  const isFull = () => {
    // A replica that is held does no work. Waiting for it would keep the primary's lists from ever becoming complete.
    const atWork = replicas.filter(({ isHeld }) => !isHeld);
    return atWork.length > 0 && atWork.every(({ busy }) => busy > FULL);
  };
  while (isFull() && clock.monotonic() < until) await clock.sleep(ROOM_PERIOD_MS, signal);
}

/** Resolves when all replicas have done what can be done now; without `watch`, also what failed and is tried again. */
export async function awaitIdle(
  replicas: readonly Load[],
  { clock, signal, watch }: PaceOptions & { readonly watch: boolean },
): Promise<void> {
  const patience = clock.monotonic() + (watch ? 0 : PATIENCE_MS);
  const isBusy = ({ busy, delayed, isHeld }: Load) =>
    (busy > 0 || (!watch && delayed > 0)) && (!isHeld || clock.monotonic() < patience);
  while (replicas.some(isBusy)) await clock.sleep(PERIOD_MS, signal);
}

export interface EndOptions {
  readonly clock: Clock;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** Resolves once no write is under way any more; no later than any write can take. Only once nothing new is begun. */
export async function awaitWrites(
  replicas: readonly Pick<Replica, 'idle'>[],
  { clock, info, warn }: EndOptions,
): Promise<void> {
  const idle = Promise.all(replicas.map((replica) => replica.idle())).then(() => true);
  const within = (ms: number) => Promise.race([idle, clock.sleep(ms).then(() => false)]);
  if (await within(TELL_MS)) return;
  info('ending: waiting until the writes that are under way have come to an end');
  if (!(await within(WRITE_MS))) warn('ended while a write may still be under way');
}
