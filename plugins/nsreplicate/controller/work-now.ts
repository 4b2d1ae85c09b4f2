/** What a controller works on now, for whoever shows it: nothing while it stands by. */
import type { Informers } from '../cache/informers.ts';
import type { LiveTask } from '../run/live-task.ts';

export class ControllerWork {
  readonly #tasks = new Set<LiveTask>();
  /** Those of the time that it leads. */
  informers: Informers | undefined;

  get tasks(): readonly LiveTask[] {
    return [...this.#tasks];
  }

  /** How often watches broke off and began again, by cluster. */
  get watchRestarts(): ReadonlyMap<string, number> {
    return this.informers?.restarts ?? new Map();
  }

  /** A task is at work until the returned function is called. */
  begin(task: LiveTask): () => void {
    this.#tasks.add(task);
    return () => void this.#tasks.delete(task);
  }
}
