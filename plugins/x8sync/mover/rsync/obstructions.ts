/**
 * Names that a copy without --delete could not put in their places, since folders stand there that are not empty. A dry run
 * with --delete complains of none of them: it takes for gone what is in such a folder, and lists that as deleted.
 */
import { cut } from '../system/lines.ts';
import { type Change, isDeletion } from './changes.ts';

const mostNames = 20;
const longestName = 512;

/** What stands between a name and what `%L` says of it, by the kind of entry. */
const arrows = [' -> ', ' => '];

/** Is told of the changes of a dry run, in rsync's order: of a folder's contents before of the entry in its place. */
export class ObstructionFinder {
  count = 0;
  /** How many of them are files whose content would be sent. */
  files = 0;
  /** How many of them rsync counts as new. */
  created = 0;
  /** The first of them. */
  readonly names: string[] = [];
  /** Folders of the target of whose entries some would be deleted. */
  readonly #emptied = new Set<string>();

  /** Whether this is a change that a copy could not make, and is one of those from now on. */
  takes(change: Change): boolean {
    const { item, rest } = change;
    if (isDeletion(change)) {
      const end = rest.lastIndexOf('/', rest.length - 2);
      if (end > 0) this.#emptied.add(rest.slice(0, end));
      return false;
    }
    if (this.#emptied.size === 0 || item[1] === 'd') return false;
    const name = this.#obstructed(rest);
    if (name === undefined) return false;
    this.count += 1;
    if (item.startsWith('>f')) this.files += 1;
    if (item.includes('+')) this.created += 1;
    if (this.names.length < mostNames) this.names.push(cut(name, longestName));
    return true;
  }

  /** The name at the begin of this, where such a folder bears it. A name may hold an arrow itself. */
  #obstructed(rest: string): string | undefined {
    if (this.#emptied.has(rest)) return rest;
    for (const arrow of arrows)
      for (let at = rest.indexOf(arrow); at > 0; at = rest.indexOf(arrow, at + 1))
        if (this.#emptied.has(rest.slice(0, at))) return rest.slice(0, at);
    return undefined;
  }
}
