/** Long lists in parts, each of which fits into a frame. */
import type { Entry, MaybeEntry } from '../reconcile/entry.ts';

/** Characters of names in one part: whatever letters they are of, a frame has room for them and contents beside. */
const mostCharacters = 400_000;

/** What a name is worth. */
export interface Named {
  readonly path: string;
  readonly old?: MaybeEntry;
  readonly new?: MaybeEntry;
}

/** At most so many of a list at a time, and fewer where their names are very long. */
export function* inParts<T>(
  list: readonly T[],
  most: number,
  named: (one: T) => Named,
): Generator<readonly T[]> {
  let from = 0;
  let characters = 0;
  for (const [index, one] of list.entries()) {
    const { path, old, new: wanted } = named(one);
    const more = path.length + wordsIn(old) + wordsIn(wanted);
    if (index > from && (index - from >= most || characters + more > mostCharacters)) {
      yield list.slice(from, index);
      [from, characters] = [index, 0];
    }
    characters += more;
  }
  if (from < list.length) yield list.slice(from);
}

const wordsIn = (entry: Entry | undefined): number =>
  entry?.kind === 'symlink' ? entry.target.length : entry?.kind === 'problem' ? entry.problem.length : 0;
