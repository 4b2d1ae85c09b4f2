/**
 * The names that directories really have. A file system may find an entry by other spellings of its name, and finds none by
 * a name that was not valid Unicode: what comes of that has replacement characters in it.
 */
import { readdirSync } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import { foldName, foundNameProblem } from './names.ts';

/** The entries of a directory. As a rule one is there by the very name that is asked for, and no other spelling is made. */
class Listing {
  readonly #names: ReadonlySet<string>;
  #composed: ReadonlySet<string> | undefined;
  #folded: ReadonlyMap<string, string> | undefined;

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  has(name: string): boolean {
    if (this.#names.has(name)) return true;
    this.#composed ??= new Set([...this.#names].map(composed));
    return this.#composed.has(composed(name));
  }

  /** The entry that has this name in some case. */
  inAnyCase(name: string): string | undefined {
    this.#folded ??= new Map([...this.#names].map((one) => [foldName(one), one]));
    return this.#folded.get(foldName(name));
  }
}

/** A directory of the tree: its path there, and as file system calls take it. */
export interface Listable {
  readonly path: string;
  readonly at: string;
}

/** Each directory is listed once, when it is first asked about. All throw what the system says. */
export class ExactNames {
  readonly #foldsNames: boolean;
  readonly #listed = new Map<string, Listing>();

  /** @param foldsNames names that differ only by case are the same file there. */
  constructor(foldsNames: boolean) {
    this.#foldsNames = foldsNames;
  }

  /** Whether an entry that is found by a name has that very name. One of a bad name is not found, but listed. */
  isExact(directory: Listable, name: string): boolean {
    if (!this.#foldsNames && foundNameProblem(name, machine.platform) === undefined) return true;
    return this.#list(directory).has(name);
  }

  /** What is found by a name has this one, which is another spelling of it; undefined: there is no other one. */
  twinOf(directory: Listable, name: string): string | undefined {
    if (!this.#foldsNames || this.isExact(directory, name)) return undefined;
    return this.#list(directory).inAnyCase(name);
  }

  #list({ path, at }: Listable): Listing {
    const listing = this.#listed.get(path) ?? new Listing(readdirSync(at));
    this.#listed.set(path, listing);
    return listing;
  }
}

/** The name of a directory's entry that differs only by case from one that it does not have; undefined: there is none. */
export const findTwin = (at: string, name: string): string | undefined =>
  new ExactNames(true).twinOf({ path: '', at }, name);

/** Letters and accents that are taken apart make no other spelling. */
const composed = (name: string): string => name.normalize('NFC');
