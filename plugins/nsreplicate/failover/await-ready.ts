/** Waits until woken workloads are ready, or it is known that they will not be. */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { isStuck, nameOf, readAgain, unreadiness, type Workload } from './workloads.ts';

export interface AwaitReadyOptions {
  readonly replica: Cluster;
  /** How long all of them together may take, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
}

const PERIOD_MS = 500;
/** A workload that makes no more pods by itself is not waited for longer than that. */
const STUCK_MS = 5000;

interface OpenState {
  readonly workload: Workload;
  readonly why: string;
  readonly stuck: boolean;
}

/** Workloads that make no more pods by themselves: said at once, and not waited for longer than that may be a mistake. */
class StuckWorkloads {
  readonly #clock: Clock;
  readonly #info: (text: string) => void;
  /** When each was first seen so, by name. */
  readonly #since = new Map<string, number>();

  constructor(clock: Clock, info: (text: string) => void) {
    this.#clock = clock;
    this.#info = info;
  }

  /** Whether nothing but such is left, and has been for a while: its controller may be about to make its pods. */
  areAll(open: readonly OpenState[]): boolean {
    const now = this.#clock.monotonic();
    for (const { workload, why, stuck } of open) {
      const name = nameOf(workload);
      if (!stuck) this.#since.delete(name);
      else if (!this.#since.has(name)) {
        this.#since.set(name, now);
        this.#info(`${name}: ${why}`);
      }
    }
    return open.every(({ workload }) => now - (this.#since.get(nameOf(workload)) ?? now) >= STUCK_MS);
  }
}

/** Resolves with what is not ready in time, and how far it is. */
export async function awaitReady(
  wave: readonly Workload[],
  { replica, timeoutMs, clock, signal, info }: AwaitReadyOptions,
): Promise<{ workload: string; why: string }[]> {
  const until = clock.monotonic() + timeoutMs;
  const stuck = new StuckWorkloads(clock, info);
  for (let waiting = wave; ; ) {
    const states = await Promise.all(waiting.map((one) => stateOf(one, replica, signal)));
    const open = states.filter((state): state is OpenState => state.why !== undefined);
    if (open.length === 0) return [];
    if (clock.monotonic() >= until || stuck.areAll(open))
      return open.map(({ workload, why }) => ({ workload: nameOf(workload), why }));
    waiting = open.map(({ workload }) => workload);
    await clock.sleep(PERIOD_MS, signal);
  }
}

/** A server that is away for a moment ends no promotion. */
async function stateOf(
  workload: Workload,
  replica: Cluster,
  signal: AbortSignal,
): Promise<{ workload: Workload; why: string | undefined; stuck: boolean }> {
  try {
    const now = await readAgain(replica, workload, { signal });
    return { workload, why: now && unreadiness(now), stuck: now !== undefined && isStuck(now) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return { workload, why: messageOf(error), stuck: false };
  }
}
