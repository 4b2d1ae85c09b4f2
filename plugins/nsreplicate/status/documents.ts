/** Which of a task's documents changed, and their content when it is their turn to be written. */
import type { Clock } from '../../../src/clock.ts';
import { own } from '../../../src/json.ts';
import { doneInAll } from '../decide/result-counts.ts';
import { textOfJobs } from '../jobs/records.ts';
import type { Document } from '../state/journal.ts';
import type { SavedState } from '../state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../state/state.ts';
import type { Role } from '../state/task-objects.ts';
import type { Task } from '../task/task.ts';

/** While something waits, how long it has waited is written anew so often. */
const WAITING_MS = 5000;

export interface DocumentsOptions {
  readonly task: Task;
  readonly saved: SavedState;
  readonly status: () => TaskStatus;
  /** Jobs that were at work or waiting when an earlier run ended, as text: written away by this one. */
  readonly activeBefore: string;
  readonly clock: Clock;
}

export class Documents {
  readonly #options: DocumentsOptions;
  readonly #saved: SavedState;
  #stateChanged = true;
  #stateAt = 0;
  #activeText: string;
  #turn = 0;

  constructor(options: DocumentsOptions) {
    this.#options = options;
    this.#saved = options.saved;
    this.#activeText = options.activeBefore;
  }

  /** Anything about the task changed. */
  changed(): void {
    this.#stateChanged = true;
  }

  /** The next document that has to be written; the state, whether it changed or not, where it is asked for. */
  next(role?: 'state'): Document | undefined {
    if (role === 'state') {
      this.#stateChanged = true;
      return this.#state();
    }
    this.#turn++;
    const takes = [() => this.#state(), () => this.#records(), () => this.#active(), () => this.#results()];
    for (let offset = 0; offset < takes.length; offset++) {
      const document = takes[(this.#turn + offset) % takes.length]?.();
      if (document) return document;
    }
    return undefined;
  }

  /** It was written. */
  written(role: Role): void {
    if (role === 'state') this.#options.task.stateWritten(this.#saved.sequence);
  }

  /** It could not be written: it comes again. */
  putBack(role: Role): void {
    const { task } = this.#options;
    const [what, shard = ''] = role.split(/-(.*)/);
    if (what === 'results') task.results.putBack(Number(shard));
    // Not a text that could have been written: it differs from whatever is to be written next.
    else if (role === 'jobs-active') this.#activeText = '?';
    else if (what === 'jobs') task.records.putBack(shard);
    else this.#stateChanged = true;
  }

  #state(): Document | undefined {
    const { task, status, clock } = this.#options;
    const now = clock.monotonic();
    const waits =
      now - this.#stateAt >= WAITING_MS && task.replicas.some((replica) => replica.behind().pending > 0);
    if (!this.#stateChanged && !waits) return undefined;
    this.#stateChanged = false;
    this.#stateAt = now;
    this.#saved.sequence++;
    // Before the task has its replicas, a brake that an earlier run pulled must not be written away.
    const brakes = task.replicas.map(({ name, deletions }) => [name, deletions.state]);
    const done = task.replicas.map(({ name, results }) => [
      name,
      doneInAll(own(this.#saved.done, name) ?? {}, results.totals),
    ]);
    return stateDocument(status(), {
      ...this.#saved,
      brakes: { ...this.#saved.brakes, ...Object.fromEntries(brakes) },
      done: { ...this.#saved.done, ...Object.fromEntries(done) },
    });
  }

  #records(): Document | undefined {
    const shard = this.#options.task.records.takeDirty();
    return shard && { role: `jobs-${shard.name}`, annotations: {}, data: { records: shard.text } };
  }

  /** What is at work or waits: nothing of it is kept for the next run, which finds it by comparing. */
  #active(): Document | undefined {
    const { replicas } = this.#options.task;
    const text = textOfJobs(replicas.flatMap((replica) => replica.active(1 / replicas.length)));
    if (text === this.#activeText) return undefined;
    this.#activeText = text;
    return { role: 'jobs-active', annotations: {}, data: { records: text } };
  }

  #results(): Document | undefined {
    const dirty = this.#options.task.results.takeDirty();
    return dirty && { role: `results-${dirty.shard}`, annotations: {}, data: { results: dirty.text } };
  }
}
