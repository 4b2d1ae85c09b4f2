/** Splits long lists into parts that fit into a frame each. */
import type { Entry, MaybeEntry } from '../reconcile/entry.ts';

/** Characters of names in one part. In any script, a frame has room for so many, and for contents beside them. */
const mostCharacters = 400_000;

/** What counts towards the length of a part. */
export interface Named {
  readonly path: string;
  readonly old?: MaybeEntry;
  readonly new?: MaybeEntry;
}

/** Yields parts of at most so many items, and of fewer where their names are very long. */
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
