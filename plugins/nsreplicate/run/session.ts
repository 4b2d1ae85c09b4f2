/** A task with its lock: what `--once` and `watch` run, and what a server may run many of. */
import { GrowingPauses } from '../../../src/async/back-off.ts';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { isDenied, mayPass } from '../../../src/kube/api/api-error.ts';
import type { Lease } from '../../../src/kube/api/objects.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { formatHolder, thisProcess } from '../../../src/tasks/holder.ts';
import type { Claim } from '../../../src/tasks/lock-object.ts';
import { checkDistinct, identifyAgain } from '../clusters/cluster.ts';
import { readControl } from '../state/control.ts';
import { awaitLease, takeLease } from '../state/lease.ts';
import type { TaskStatus } from '../state/state.ts';
import { ensureStateNamespace } from '../state/task-objects.ts';
import type { Task } from '../task/task.ts';
import { type Assignment, type RunOptions, run } from './run.ts';

export interface SessionOptions
  extends Omit<RunOptions, 'fence' | 'lost' | 'watch' | 'startOver' | 'recorded' | 'written'> {
  /** Another instance is at work; this one stands by. */
  readonly standingBy: (claim: Claim) => void;
}

const pause = { firstMs: 1000, mostMs: 30_000 };

export class Session {
  readonly #options: SessionOptions;
  readonly #holder = formatHolder(thisProcess());
  #assignment: Assignment;
  #replaced = new AbortController();
  /** What the state was last written with. */
  #recorded = 0;
  /** The lease was held once: rights that are missing after that come back. */
  #hasHeld = false;
  /** A first comparison came through, so all rights were there. */
  #hasCompared = false;

  /** @throws {UsageError} the primary is among the replicas, or a replica is there twice */
  constructor(assignment: Assignment, options: SessionOptions) {
    checkDistinct(assignment.primary, assignment.replicas);
    this.#options = options;
    this.#assignment = assignment;
  }

  /** Goes on with other rules or other clients (new credentials), beginning with a full comparison. */
  replace(change: Partial<Assignment>): void {
    const assignment = { ...this.#assignment, ...change };
    checkDistinct(assignment.primary, assignment.replicas);
    this.#assignment = assignment;
    this.#replaced.abort();
  }

  /**
   * One comparison, and the writes that follow from it.
   * @throws {RefusedError} another instance is at work on the task, or it is paused or suspended
   */
  async once(): Promise<{ task: Task; status: TaskStatus }> {
    const { state, clock, signal, info } = this.#options;
    const { name: task, suspended } = this.#assignment.spec;
    if (suspended)
      throw new RefusedError(`Task ${task} is suspended by its configuration.`, {
        hint: 'Take `suspend` out of it to let it write; `plan` shows what it would.',
      });
    await ensureStateNamespace(state, { signal });
    const { paused } = await readControl(state, task, { signal });
    if (paused) throw new RefusedError(`Task ${task} is paused.`, { hint: 'Let it go on first: `resume`.' });
    const waiting = ({ holder }: Claim) =>
      info(`task ${task} may be at work elsewhere (${holder.split(' ')[0]}): waiting a few seconds to see`);
    const lock = await takeLease({ kube: state, task, purpose: '--once', waiting, clock, signal });
    try {
      return await this.#run(lock, false);
    } finally {
      await lock.release();
    }
  }

  /** Keeps the replicas the same until the signal aborts, which it rejects with. Stands by while another works. */
  async watch(): Promise<never> {
    const { state, clock, signal, standingBy, warn } = this.#options;
    const { name: task } = this.#assignment.spec;
    await ensureStateNamespace(state, { signal });
    for (;;) {
      const known = this.#hasHeld;
      const request = { kube: state, task, purpose: 'watch', holder: this.#holder, clock, signal };
      const lock = await awaitLease({ ...request, known, denied: (error) => this.#tell(error) }, standingBy);
      this.#hasHeld = true;
      await this.#hold(lock).catch((error: unknown) => {
        // Another instance has taken over, or soon may: this one is the standby now.
        if (signal.aborted || !lock.signal.aborted) throw error;
        warn(messageOf(lock.signal.reason));
      });
    }
  }

  /** Works for as long as the lock is held. */
  async #hold(lock: HeldLock<Lease>): Promise<never> {
    try {
      const pauses = new GrowingPauses(
        pause,
        wakingClock(this.#assignment.primary.kube, this.#options.clock),
      );
      for (;;) {
        this.#replaced = new AbortController();
        await this.#run(lock, true).catch((error: unknown) => this.#outlive(lock, error, pauses));
        this.#options.signal.throwIfAborted();
        lock.signal.throwIfAborted();
      }
    } finally {
      await lock.release();
    }
  }

  /** A primary that went away again before the comparison could begin, as one that restarts does, ends no watch. One that denies what it let do before is such a one. */
  async #outlive(lock: HeldLock<Lease>, error: unknown, pauses: GrowingPauses): Promise<void> {
    if (this.#replaced.signal.aborted) return;
    const { signal } = this.#options;
    const passes = mayPass(error) || (this.#hasCompared && isDenied(error));
    if (signal.aborted || lock.signal.aborted || !passes) throw error;
    this.#tell(error);
    const over = AbortSignal.any([signal, lock.signal, this.#replaced.signal]);
    await pauses.wait(over).catch(() => undefined);
  }

  #tell(error: unknown): void {
    this.#options.warn(`${messageOf(error)}; tried again by itself`);
  }

  async #run(lock: HeldLock<Lease>, watch: boolean): Promise<{ task: Task; status: TaskStatus }> {
    const replaced = this.#replaced;
    const signal = AbortSignal.any([this.#options.signal, lock.signal, replaced.signal]);
    await this.#identify(signal);
    return run(this.#assignment, {
      ...this.#options,
      signal,
      watch,
      fence: () => lock.confirm(),
      lost: lock.signal,
      recorded: this.#recorded,
      written: (sequence) => {
        this.#recorded = sequence;
      },
      compared: (status) => {
        this.#hasCompared = true;
        this.#options.compared(status);
      },
      startOver: (because) => {
        this.#options.info(`${messageOf(because)}: comparing anew`);
        replaced.abort(because);
      },
    });
  }

  /** Who the primary is may have changed since it was asked first; the saved state tells who it was. */
  async #identify(signal: AbortSignal): Promise<void> {
    const primary = await identifyAgain(this.#assignment.primary, { signal });
    if (!primary || primary === this.#assignment.primary) return;
    checkDistinct(primary, this.#assignment.replicas);
    this.#assignment = { ...this.#assignment, primary };
  }
}
