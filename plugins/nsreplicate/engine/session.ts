/** A task with its lock and its kept state: what `--once` and `watch` run, and what a server may run many of. */
import type { Clock } from '../../../src/clock.ts';
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Lease } from '../../../src/kube/objects.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import type { Claim } from '../../../src/tasks/lock-object.ts';
import { type Control, readControl, watchControl } from '../state/control.ts';
import { ensureDigestKey } from '../state/digest-key.ts';
import { Journal } from '../state/journal.ts';
import { awaitLease, takeLease } from '../state/lease.ts';
import { ensureStateNamespace } from '../state/places.ts';
import { readMemory, type TaskPhase, type TaskView } from '../state/state.ts';
import { Documents } from './documents.ts';
import type { Feeds } from './feeds.ts';
import { checkDistinct, type Site } from './site.ts';
import type { TaskSpec } from './spec.ts';
import { Task } from './task.ts';
import { viewOf } from './view.ts';

export interface SessionOptions {
  readonly primary: Site;
  readonly replicas: readonly Site[];
  /** The cluster that keeps the task's state; the primary as a rule. */
  readonly state: KubeClient;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Another instance is at work; this one stands by. */
  readonly standingBy: (claim: Claim) => void;
  /** The work begins. */
  readonly begun: (task: Task) => void;
  /** The first comparison is through. */
  readonly compared: (view: TaskView) => void;
}

/** What a session works on; replaceable while it runs. */
interface Assignment {
  readonly spec: TaskSpec;
  readonly primary: Site;
  readonly replicas: readonly Site[];
}

export class Session {
  readonly #options: SessionOptions;
  #assignment: Assignment;
  #replaced = new AbortController();
  #control: Control | undefined;

  /** @throws {UsageError} the primary is among the replicas, or a replica is there twice */
  constructor(spec: TaskSpec, options: SessionOptions) {
    checkDistinct(options.primary, options.replicas);
    this.#options = options;
    this.#assignment = { spec, primary: options.primary, replicas: options.replicas };
  }

  /** Goes on with other rules, or with other clients (new credentials), from a full comparison. */
  replace(change: Partial<Assignment>): void {
    this.#assignment = { ...this.#assignment, ...change };
    this.#replaced.abort();
  }

  /**
   * One comparison, worked off.
   * @throws {RefusedError} another instance is at work on the task, or it is paused
   */
  async once(): Promise<{ task: Task; view: TaskView }> {
    const { state, clock, signal } = this.#options;
    const { name } = this.#assignment.spec;
    await ensureStateNamespace(state, { signal });
    const control = await readControl(state, name, { signal });
    if (control.paused)
      throw new RefusedError(`Task ${name} is paused.`, { hint: 'Let it go on first: `resume`.' });
    const lock = await takeLease({ kube: state, task: name, purpose: '--once', clock, signal });
    try {
      return await this.#run(lock, false);
    } finally {
      await lock.release();
    }
  }

  /** Keeps the replicas the same until the signal aborts, which it rejects with. Stands by while another works. */
  async watch(): Promise<never> {
    const { state, clock, signal, standingBy } = this.#options;
    const { name } = this.#assignment.spec;
    await ensureStateNamespace(state, { signal });
    const lock = await awaitLease({ kube: state, task: name, purpose: 'watch', clock, signal }, standingBy);
    try {
      for (;;) {
        this.#replaced = new AbortController();
        await this.#run(lock, true);
        signal.throwIfAborted();
        lock.signal.throwIfAborted();
      }
    } finally {
      await lock.release();
    }
  }

  async #run(lock: HeldLock<Lease>, watch: boolean): Promise<{ task: Task; view: TaskView }> {
    const { state, clock, feeds, info, warn, begun, compared } = this.#options;
    const { spec, primary, replicas } = this.#assignment;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, lock.signal, this.#replaced.signal, ended.signal]);
    const [key, memory] = await Promise.all([
      ensureDigestKey(state, spec.name, { signal }),
      readMemory(state, spec.name, { signal }),
    ]);
    const startedAt = clock.now();
    let phase: TaskPhase = 'Comparing';
    let defect: unknown;
    const broken = (error: unknown) => {
      if (signal.aborted) return;
      defect = error;
      ended.abort(error);
    };
    const fence = () => lock.confirm();
    const changed = () => documents.changed();
    const task = new Task({
      spec,
      primary,
      replicas,
      feeds,
      clock,
      key,
      memory,
      watch,
      fence,
      signal,
      info,
      warn,
      changed,
      broken,
    });
    const view = () => viewOf({ task, name: spec.name, phase, startedAt, primary, sites: replicas });
    const documents = new Documents(task, memory, view);
    const journal = new Journal({
      kube: state,
      task: spec.name,
      clock,
      next: () => documents.next(),
      failed: (role) => documents.putBack(role),
      fence,
      warn,
    });
    const background = watch
      ? [
          journal.run(signal),
          this.#obey(task, spec.name, signal, (paused) => {
            phase = paused ? 'Paused' : task.comparing ? 'Comparing' : 'Watching';
            changed();
          }),
        ]
      : [journal.run(signal)];
    try {
      begun(task);
      await task.begin();
      if (!watch) phase = isComplete(view()) ? 'Done' : 'Incomplete';
      else if (phase === 'Comparing') phase = 'Watching';
      changed();
      compared(view());
      if (watch) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      if (defect !== undefined) throw defect;
      return { task, view: view() };
    } catch (error) {
      if (!signal.aborted || defect !== undefined) phase = 'Failed';
      throw error;
    } finally {
      if (watch && phase !== 'Failed') phase = 'Stopped';
      changed();
      ended.abort();
      await Promise.allSettled(background);
      if (!lock.signal.aborted) await journal.flush();
    }
  }

  /** Does what people ask for by way of the cluster. */
  async #obey(
    task: Task,
    name: string,
    signal: AbortSignal,
    pausing: (paused: boolean) => void,
  ): Promise<void> {
    const { state, clock, info } = this.#options;
    const heard = (control: Control) => {
      const before = this.#control;
      this.#control = control;
      if (before?.paused !== control.paused) {
        task.setPaused(control.paused);
        pausing(control.paused);
        if (before || control.paused) info(control.paused ? 'paused' : 'resumed');
      }
      if (!before) return;
      if (before.approval !== control.approval) {
        info('approved: deletions go on');
        task.approve();
      }
      if (control.retry && before.retry?.id !== control.retry.id) {
        info(`retrying ${task.retry(control.retry.replica, control.retry.object)} failed jobs`);
      }
    };
    await watchControl(state, name, heard, { clock, signal }).catch(() => undefined);
  }
}

/** Whether everything is as it should be, as far as one comparison can tell. */
export function isComplete({ replicas, primary }: TaskView): boolean {
  return (
    primary.problem === undefined &&
    replicas.every(
      ({ failed, behind, away, unlisted }) =>
        failed === 0 && behind.pending === 0 && away === undefined && Object.keys(unlisted).length === 0,
    )
  );
}
