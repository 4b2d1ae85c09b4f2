/** A list is either taken by its worker or taken back by the mover: both rename it, and only one rename succeeds. */
import { access, rename } from 'node:fs/promises';
import { isGone } from './note.ts';
import type { ListPlace, WorkPaths } from './work-paths.ts';

/** Moves a list that waits to its new place; resolves with whether it is there, and so not with the other side. */
export async function takeList(
  paths: WorkPaths,
  { run, list }: { readonly run: string; readonly list: number },
  place: Exclude<ListPlace, 'todo'>,
): Promise<boolean> {
  const to = paths.list(run, place, list);
  try {
    await rename(paths.list(run, 'todo', list), to);
    return true;
  } catch (error) {
    if (!isGone(error)) throw error;
    // A request to a file server whose answer was lost is sent again, and finds that it was done.
    return access(to).then(
      () => true,
      () => false,
    );
  }
}
