/** Which of a task's documents changed, and their content when it is their turn to be written. */
import type { Document } from '../state/journal.ts';
import type { Role } from '../state/places.ts';
import { stateDocument, type TaskView } from '../state/state.ts';
import type { Memory } from './memory.ts';
import type { Task } from './task.ts';

/** What replicas made of objects is kept for so many objects each: about 60 KiB. */
const MOST_SETTLED = 400;

export class Documents {
  readonly #task: Task;
  readonly #memory: Memory;
  readonly #view: () => TaskView;
  #stateChanged = true;
  #settledText = '';
  #turn = 0;

  constructor(task: Task, memory: Memory, view: () => TaskView) {
    this.#task = task;
    this.#memory = memory;
    this.#view = view;
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
    const takes = [() => this.#state(), () => this.#records(), () => this.#settled()];
    for (let offset = 0; offset < takes.length; offset++) {
      const document = takes[(this.#turn + offset) % takes.length]?.();
      if (document) return document;
    }
    return undefined;
  }

  /** It was written. */
  written(role: Role): void {
    if (role === 'state') this.#task.stateWritten(this.#memory.marker);
  }

  /** It could not be written: it comes again. */
  putBack(role: Role): void {
    if (role === 'settled') this.#settledText = '';
    else if (role.startsWith('jobs-')) this.#task.records.putBack(role.slice('jobs-'.length));
    else this.#stateChanged = true;
  }

  #state(): Document | undefined {
    if (!this.#stateChanged) return undefined;
    this.#stateChanged = false;
    this.#memory.marker++;
    // Before the task has its replicas, a brake that an earlier run pulled must not be written away.
    const now = this.#task.replicas.map(({ name, deletions }) => [name, deletions.state]);
    const brakes = { ...this.#memory.brakes, ...Object.fromEntries(now) };
    return stateDocument(this.#view(), { ...this.#memory, brakes });
  }

  #records(): Document | undefined {
    const shard = this.#task.records.takeDirty();
    return shard && { role: `jobs-${shard.name}`, annotations: {}, data: { records: shard.text } };
  }

  #settled(): Document | undefined {
    const settled = [...this.#task.settled].map(([name, entries]) => [
      name,
      Object.fromEntries([...entries].slice(-MOST_SETTLED)),
    ]);
    const text = JSON.stringify(Object.fromEntries(settled));
    if (text === this.#settledText || (text === '{}' && this.#settledText === '')) return undefined;
    this.#settledText = text;
    return { role: 'settled', annotations: {}, data: { settled: text } };
  }
}
