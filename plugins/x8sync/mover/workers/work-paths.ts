/** Where the mover and its workers find each other: a folder within the mover's own one in the target's volume. */
import { join } from 'node:path';
import { type Paths, workName } from '../system/paths.ts';

/** Of a list: it waits to be taken, its worker has taken it, or the mover has taken it back. */
export type ListPlace = 'todo' | 'taken' | 'back';

export interface WorkPaths {
  readonly folder: string;
  /** What the mover tells a worker; workers are counted from 1. */
  given(worker: number): string;
  /** What it tells the mover. */
  state(worker: number): string;
  /** All below it is of one run of the mover. */
  run(run: string): string;
  list(run: string, place: ListPlace, list: number): string;
  /** Patterns that are left out, each ended by a zero byte. */
  excluded(run: string): string;
  /** Where rsync keeps what it is at. */
  temporary(run: string, worker: number): string;
  partial(run: string, worker: number): string;
}

export function workPaths({ staging }: Pick<Paths, 'staging'>): WorkPaths {
  const folder = join(staging, workName);
  const run = (name: string) => join(folder, name);
  return {
    folder,
    run,
    given: (worker) => join(folder, `given-${worker}`),
    state: (worker) => join(folder, `state-${worker}`),
    list: (name, place, list) => join(run(name), `${place}-${list}`),
    excluded: (name) => join(run(name), 'excluded'),
    temporary: (name, worker) => join(run(name), `tmp-${worker}`),
    partial: (name, worker) => join(run(name), `partial-${worker}`),
  };
}
