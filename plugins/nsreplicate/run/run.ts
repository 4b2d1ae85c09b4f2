/** One run of a task, from reading the saved state to writing the last one. */
import { onAbort } from '../../../src/async/abort.ts';
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { AppliedResults } from '../cache/applied-results.ts';
import type { Informers } from '../cache/informers.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Meters } from '../jobs/meters.ts';
import { JobRecords } from '../jobs/records.ts';
import { type Fence, fencedClient } from '../reconcile/fenced-client.ts';
import { type Control, readControl, watchControl } from '../state/control.ts';
import { ensureDigestKey } from '../state/digest-key.ts';
import { Journal } from '../state/journal.ts';
import { readEarlierRuns, readSavedState, type TaskStatus } from '../state/state.ts';
import type { TaskPhase } from '../state/task-phase.ts';
import { Documents } from '../status/documents.ts';
import { statusOf } from '../status/task-status.ts';
import { EpochGuard } from '../task/epoch-guard.ts';
import { Task } from '../task/task.ts';

/** What a run works on. */
export interface Assignment {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
}

export interface RunOptions {
  /** The cluster that keeps the task's state; the primary as a rule. */
  readonly state: KubeClient;
  readonly informers: Informers;
  readonly clock: Clock;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** False: one comparison, and an end. */
  readonly watch: boolean;
  /** As `TaskOptions.mostObjects`. */
  readonly mostObjects?: number | undefined;
  /** As an earlier run of this process wrote the state last. */
  readonly recorded: number;
  /** The state was written with this sequence. */
  readonly written: (sequence: number) => void;
  /** What is known of the primary is void: ends this run, so that the next one begins from nothing. */
  readonly startOver: (because: X8sError) => void;
  /** As `Fence.fence`. */
  readonly fence: Fence['fence'];
  /** Aborted once another process may write: what is under way is given up. A run that ends otherwise waits for it. */
  readonly lost?: AbortSignal | undefined;
  /** As `TaskStatus.guardedBy`. */
  readonly guardedBy?: string | undefined;
  /** Tells what people ask for, where many tasks of a process share that. */
  readonly watchControl?: typeof watchControl | undefined;
  /** Hears how each job ends. */
  readonly meters?: Meters | undefined;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  /** The work begins; `status` tells at any moment how it stands. */
  readonly begun: (task: Task, status: () => TaskStatus) => void;
  /** The first comparison is through. */
  readonly compared: (status: TaskStatus) => void;
}

/** Runs a task until its signal aborts or, without `watch`, until one comparison is done. */
export async function run(
  assignment: Assignment,
  options: RunOptions,
): Promise<{ task: Task; status: TaskStatus }> {
  const { state, signal, clock } = options;
  const { name } = assignment.spec;
  const [key, earlier, control] = await Promise.all([
    ensureDigestKey(state, name, { signal }),
    readEarlierRuns(state, name, { signal }),
    readControl(state, name, { signal }),
  ]);
  const kept = {
    key,
    saved: earlier.saved,
    records: new JobRecords(earlier.shards),
    results: new AppliedResults(earlier.results),
    activeBefore: earlier.active,
    statusBefore: earlier.status,
    startedAt: clock.now(),
  };
  const work = new Work(assignment, options, kept);
  return work.run(control);
}

type Kept = Pick<ConstructorParameters<typeof Task>[0], 'key' | 'saved' | 'records' | 'results'> & {
  readonly startedAt: Date;
  readonly activeBefore: string;
  /** How the task stood when an earlier run ended. */
  readonly statusBefore: TaskStatus | undefined;
};

class Work {
  readonly #assignment: Assignment;
  readonly #options: RunOptions;
  readonly #kept: Kept;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #epochs: EpochGuard;
  readonly #task: Task;
  readonly #documents: Documents;
  readonly #journal: Journal;
  #phase: TaskPhase = 'Comparing';
  #control: Control | undefined;
  #paused = false;
  #defect: unknown;
  #forget: () => void = () => undefined;

  constructor(assignment: Assignment, options: RunOptions, kept: Kept) {
    this.#assignment = assignment;
    this.#options = options;
    this.#kept = kept;
    const { signal } = options;
    // A composite signal would be walked through by each of its many listeners.
    const end = () => this.#ended.abort(signal.reason);
    if (signal.aborted) end();
    else this.#forget = onAbort(signal, end);
    this.#signal = this.#ended.signal;
    this.#epochs = new EpochGuard({
      ...assignment,
      ...options,
      task: assignment.spec.name,
      signal: this.#signal,
      fenced: (error) => this.#fence(error),
    });
    this.#task = new Task({
      ...assignment,
      ...options,
      ...kept,
      signal: this.#signal,
      epochs: this.#epochs,
      readSequence: this.#keepsState ? () => this.#readSequence() : undefined,
      writeSequence: this.#keepsState ? () => this.#journal.writeNow('state') : undefined,
      changed: () => this.#documents.changed(),
      broken: (error) => this.#break(error),
    });
    const { saved, activeBefore } = kept;
    const status = () => this.#status();
    this.#documents = new Documents({ task: this.#task, saved, status, activeBefore, clock: options.clock });
    this.#journal = this.#openJournal();
  }

  async run(control: Control): Promise<{ task: Task; status: TaskStatus }> {
    const { watch, begun } = this.#options;
    const journal = this.#journal;
    this.#obey(control);
    const background = [journal.run(this.#signal), ...(watch ? [this.#listen(), this.#epochs.run()] : [])];
    try {
      begun(this.#task, () => this.#status());
      await this.#work();
      return { task: this.#task, status: this.#status() };
    } catch (error) {
      if (!this.#options.signal.aborted && this.#phase !== 'Fenced') this.#phase = 'Failed';
      throw this.#defect ?? error;
    } finally {
      if (watch && !['Failed', 'Fenced'].includes(this.#phase)) this.#phase = 'Stopped';
      this.#documents.changed();
      this.#ended.abort();
      this.#forget();
      await this.#task.ended();
      await Promise.allSettled(background);
      await journal.flush();
    }
  }

  async #work(): Promise<void> {
    const { watch, compared } = this.#options;
    await this.#epochs.begin();
    await this.#task.begin();
    if (!watch) this.#phase = isComplete(this.#status()) ? 'Done' : 'Incomplete';
    else if (this.#phase === 'Comparing') this.#phase = 'Watching';
    this.#documents.changed();
    compared(this.#status());
    if (watch && !this.#signal.aborted)
      await new Promise((resolve) => this.#signal.addEventListener('abort', resolve, { once: true }));
    if (this.#defect !== undefined) throw this.#defect;
  }

  /** Whether the primary keeps the state, so that a restored primary has an older state too. */
  get #keepsState(): boolean {
    const { state } = this.#options;
    return state.cluster.server === this.#assignment.primary.kube.cluster.server;
  }

  async #readSequence(): Promise<number> {
    const { state } = this.#options;
    // The last record is written when the run is over.
    const call = this.#signal.aborted ? {} : { signal: this.#signal };
    return (await readSavedState(state, this.#assignment.spec.name, call)).sequence;
  }

  #status(): TaskStatus {
    const { spec, primary, replicas } = this.#assignment;
    const { startedAt, statusBefore } = this.#kept;
    const status = statusOf({
      task: this.#task,
      name: spec.name,
      phase: this.#phase,
      startedAt,
      guardedBy: this.#options.guardedBy,
      primary,
      clusters: replicas,
      earlier: this.#kept.saved.done,
    });
    // A run that is fenced at its start never has its replicas; what they are must not be forgotten by that.
    return status.replicas.length > 0 ? status : { ...status, replicas: statusBefore?.replicas ?? [] };
  }

  #openJournal(): Journal {
    const { state, clock, warn } = this.#options;
    return new Journal({
      kube: fencedClient(state, this.#options),
      task: this.#assignment.spec.name,
      clock,
      next: (role) => this.#documents.next(role),
      written: (role) => {
        this.#documents.written(role);
        if (role === 'state') this.#options.written(this.#kept.saved.sequence);
      },
      failed: (role) => this.#documents.putBack(role),
      doubted: () => this.#task.confirmPrimary(),
      warn,
    });
  }

  /** Another cluster was promoted: this run has nothing to write any more. */
  #fence(error: Error): void {
    this.#phase = 'Fenced';
    this.#break(error);
  }

  #break(error: unknown): void {
    if (this.#signal.aborted) return;
    this.#defect = error;
    this.#ended.abort(error);
  }

  /** Does what people ask for by way of the cluster, for as long as the run goes on. */
  #listen(): Promise<void> {
    const { state, clock } = this.#options;
    const { name } = this.#assignment.spec;
    const watch = this.#options.watchControl ?? watchControl;
    const watching = watch(state, name, (control) => this.#obey(control), {
      clock,
      signal: this.#signal,
    });
    return watching.catch((error) => this.#break(error));
  }

  #obey(control: Control): void {
    const { info } = this.#options;
    const before = this.#control;
    this.#control = control;
    const { suspended } = this.#assignment.spec;
    const paused = control.paused || suspended;
    if (this.#paused !== paused) {
      this.#paused = paused;
      this.#task.setPaused(paused);
      this.#phase = paused ? 'Paused' : this.#task.comparing ? 'Comparing' : 'Watching';
      this.#documents.changed();
      info(suspended ? 'suspended by its configuration: nothing is written' : paused ? 'paused' : 'resumed');
    }
    // Another cluster was promoted: no write has to come first for this run to find out.
    if (before && before.epoch !== control.epoch) void this.#epochs.look();
    this.#task.approve(control.approval);
    // At the start everything is tried again anyway.
    if (!before || !control.retry || before.retry?.id === control.retry.id) return;
    info(`retrying ${this.#task.retry(control.retry.replicas, control.retry.object)} failed jobs`);
  }
}

/** Whether everything is as it should be, as far as one comparison can tell. */
export function isComplete({ replicas, primary }: TaskStatus): boolean {
  return (
    primary.problem === undefined &&
    Object.keys(primary.unlisted ?? {}).length === 0 &&
    replicas.every(
      ({ failed, behind, away, unlisted }) =>
        failed === 0 && behind.pending === 0 && away === undefined && Object.keys(unlisted).length === 0,
    )
  );
}
