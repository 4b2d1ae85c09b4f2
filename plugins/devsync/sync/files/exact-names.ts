/**
 * The names that directories really have. A file system may find an entry by other spellings of its name, and finds none by
 * a name that was not valid Unicode: what comes of that has replacement characters in it.
 */
import { readdirSync } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import { foldName, foundNameProblem } from './names.ts';

/** The entries of a directory: by their names, and by what these have in common with other spellings. */
interface Listed {
  readonly exact: ReadonlySet<string>;
  readonly folded: ReadonlyMap<string, string>;
}

/** A directory of the tree: its path there, and as file system calls take it. */
export interface Listable {
  readonly path: string;
  readonly at: string;
}

/** Each directory is listed once, when it is first asked about. All throw what the system says. */
export class ExactNames {
  readonly #foldsNames: boolean;
  readonly #listed = new Map<string, Listed>();

  /** @param foldsNames names that differ only by case are the same file there. */
  constructor(foldsNames: boolean) {
    this.#foldsNames = foldsNames;
  }

  /** Whether an entry that is found by a name has that very name. One of a bad name is not found, but listed. */
  isExact(directory: Listable, name: string): boolean {
    if (!this.#foldsNames && foundNameProblem(name, machine.platform) === undefined) return true;
    return this.#list(directory).exact.has(composed(name));
  }

  /** What is found by a name has this one, which is another spelling of it; undefined: there is no other one. */
  twinOf(directory: Listable, name: string): string | undefined {
    if (!this.#foldsNames || this.isExact(directory, name)) return undefined;
    return this.#list(directory).folded.get(foldName(name));
  }

  #list({ path, at }: Listable): Listed {
    const known = this.#listed.get(path);
    if (known !== undefined) return known;
    const names = readdirSync(at);
    const folded = this.#foldsNames ? names.map((name) => [foldName(name), name] as const) : [];
    const listed = { exact: new Set(names.map(composed)), folded: new Map(folded) };
    this.#listed.set(path, listed);
    return listed;
  }
}

/** The name of a directory's entry that differs only by case from one that it does not have; undefined: there is none. */
export const findTwin = (at: string, name: string): string | undefined =>
  new ExactNames(true).twinOf({ path: '', at }, name);

/** Letters and accents that are taken apart make no other spelling. */
const composed = (name: string): string => name.normalize('NFC');
