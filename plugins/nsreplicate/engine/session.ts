/** A task with its lock: what `--once` and `watch` run, and what a server may run many of. */
import { messageOf, RefusedError } from '../../../src/errors.ts';
import type { Lease } from '../../../src/kube/objects.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import type { Claim } from '../../../src/tasks/lock-object.ts';
import { readControl } from '../state/control.ts';
import { awaitLease, takeLease } from '../state/lease.ts';
import { ensureStateNamespace } from '../state/places.ts';
import type { TaskView } from '../state/state.ts';
import { type Assignment, type RunOptions, run } from './run.ts';
import { checkDistinct } from './site.ts';
import type { Task } from './task.ts';

export interface SessionOptions extends Omit<RunOptions, 'fence' | 'watch'> {
  /** Another instance is at work; this one stands by. */
  readonly standingBy: (claim: Claim) => void;
}

export class Session {
  readonly #options: SessionOptions;
  #assignment: Assignment;
  #replaced = new AbortController();

  /** @throws {UsageError} the primary is among the replicas, or a replica is there twice */
  constructor(assignment: Assignment, options: SessionOptions) {
    checkDistinct(assignment.primary, assignment.replicas);
    this.#options = options;
    this.#assignment = assignment;
  }

  /** Goes on with other rules, or with other clients (new credentials), from a full comparison. */
  replace(change: Partial<Assignment>): void {
    const assignment = { ...this.#assignment, ...change };
    checkDistinct(assignment.primary, assignment.replicas);
    this.#assignment = assignment;
    this.#replaced.abort();
  }

  /**
   * One comparison, worked off.
   * @throws {RefusedError} another instance is at work on the task, or it is paused
   */
  async once(): Promise<{ task: Task; view: TaskView }> {
    const { state, clock, signal } = this.#options;
    const { name: task } = this.#assignment.spec;
    await ensureStateNamespace(state, { signal });
    const { paused } = await readControl(state, task, { signal });
    if (paused) throw new RefusedError(`Task ${task} is paused.`, { hint: 'Let it go on first: `resume`.' });
    const lock = await takeLease({ kube: state, task, purpose: '--once', clock, signal });
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
      const lock = await awaitLease({ kube: state, task, purpose: 'watch', clock, signal }, standingBy);
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
      for (;;) {
        this.#replaced = new AbortController();
        await this.#run(lock, true).catch((error: unknown) => {
          if (!this.#replaced.signal.aborted) throw error;
        });
        this.#options.signal.throwIfAborted();
        lock.signal.throwIfAborted();
      }
    } finally {
      await lock.release();
    }
  }

  #run(lock: HeldLock<Lease>, watch: boolean): Promise<{ task: Task; view: TaskView }> {
    const signal = AbortSignal.any([this.#options.signal, lock.signal, this.#replaced.signal]);
    return run(this.#assignment, { ...this.#options, signal, watch, fence: () => lock.confirm() });
  }
}
