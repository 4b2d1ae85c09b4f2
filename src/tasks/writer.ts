/** Writes a run's record: one write at a time, changes that meet while one is under way go together. */
import type { Clock } from '../clock.ts';
import type { CallOptions } from '../kube/client.ts';
import type { EndPhase, TaskPhase, TaskRecord } from './record.ts';
import type { Change, TaskStore } from './store.ts';

/** Often enough for people, seldom enough for etcd. */
const PROGRESS_EVERY_MS = 2000;

export interface TaskWriterOptions extends CallOptions {
  readonly store: TaskStore;
  /** As {@link TaskStore.start} gave it. */
  readonly record: TaskRecord;
  readonly clock: Clock;
}

export class TaskWriter {
  readonly #store: TaskStore;
  readonly #clock: Clock;
  readonly #call: CallOptions;
  #record: TaskRecord;
  /** Changes that wait for the write under way. */
  #changes: Change[] = [];
  /** The write that will carry them. */
  #next: Promise<void> | undefined;
  /** Settles, always well, when the write under way is over. */
  #current: Promise<unknown> = Promise.resolve();
  #progress: string | undefined;
  #progressAt = Number.NEGATIVE_INFINITY;
  #timer: AbortController | undefined;

  constructor({ store, record, clock, ...call }: TaskWriterOptions) {
    this.#store = store;
    this.#record = record;
    this.#clock = clock;
    this.#call = call;
  }

  /** The record as it was last written. */
  get record(): TaskRecord {
    return this.#record;
  }

  /** Resolves when the change is written; rejects as {@link TaskStore.update} does. */
  change(change: Change): Promise<void> {
    this.#changes.push(change);
    this.#next ??= this.#current.then(() => this.#write());
    return this.#next;
  }

  setPhase(phase: TaskPhase, message?: string): Promise<void> {
    return this.change((state) => Object.assign(state, { phase, message }));
  }

  /** Notes where the run can go on; undefined removes the note. */
  checkpoint(key: string, value: unknown): Promise<void> {
    return this.change((state) => {
      if (value === undefined) delete state.checkpoints[key];
      else state.checkpoints[key] = value;
    });
  }

  /**
   * Notes how far the run is, at most every two seconds; the newest text wins. Never fails a run: a write
   * that does not succeed is followed by the next one.
   */
  progress(text: string): void {
    this.#progress = text;
    if (this.#timer) return;
    this.#timer = new AbortController();
    const wait = this.#progressAt + PROGRESS_EVERY_MS - this.#clock.monotonic();
    void this.#clock
      .sleep(Math.max(0, wait), this.#timer.signal)
      .then(() => this.flush())
      .catch(() => undefined);
  }

  /** Writes progress that waits for its turn; resolves when everything so far is written. */
  async flush(): Promise<void> {
    const progress = this.#takeProgress();
    if (progress !== undefined) await this.change((state) => Object.assign(state, { progress }));
    else await (this.#next ?? this.#current);
  }

  /** Writes the end of the run, with the last progress. */
  finish(phase: EndPhase, message: string): Promise<void> {
    const progress = this.#takeProgress();
    const finishedAt = this.#clock.now().toISOString();
    return this.change((state) => {
      Object.assign(state, { phase, message, finishedAt, progress: progress ?? state.progress });
    });
  }

  #takeProgress(): string | undefined {
    this.#timer?.abort();
    this.#timer = undefined;
    const progress = this.#progress;
    if (progress !== undefined) this.#progressAt = this.#clock.monotonic();
    this.#progress = undefined;
    return progress;
  }

  async #write(): Promise<void> {
    const changes = this.#changes.splice(0);
    this.#next = undefined;
    const apply: Change = (state) => {
      for (const change of changes) change(state);
    };
    const writing = this.#store.update(this.#record, apply, this.#call).then((record) => {
      this.#record = record;
    });
    this.#current = writing.catch(() => undefined);
    await writing;
  }
}
