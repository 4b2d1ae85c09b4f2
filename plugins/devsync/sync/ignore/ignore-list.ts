/** One list of patterns, as `.gitignore` has them (gitignore(5)): what it says of a path is what its last match says. */
import { bytesOf, compileWildcards, foldCase, hasWildcard, type Wildcards } from './wildmatch.ts';

/** Patterns that hold below a directory. */
export interface IgnoreList {
  /** The directory, relative to the root of the tree; `''`: the root, or a directory above it. */
  readonly base: string;
  /** Of a list from above the root: the root as it is seen from there. */
  readonly within?: string;
  readonly patterns: string;
  /** ASCII letters match whatever their case. */
  readonly foldsCase?: boolean;
}

/** Something in the tree. */
export interface Subject {
  readonly path: string;
  /** The last part of the path. */
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Whether a list ignores it or wants it back; undefined: it says nothing of it. The parents have been asked before. */
export type Verdict = (subject: Subject) => boolean | undefined;

/** Undefined where no pattern is in it. */
export function compileList({ base, within, patterns, foldsCase = false }: IgnoreList): Verdict | undefined {
  const compiled = new CompiledList(foldsCase);
  for (const line of linesOf(patterns)) compiled.add(line);
  if (compiled.isEmpty) return undefined;
  const before = within === undefined ? '' : `${within}/`;
  const start = base === '' ? 0 : base.length + 1;
  return ({ path, name, isDirectory }) => {
    const seen = start > 0 ? path.slice(start) : before + path;
    return foldsCase
      ? compiled.verdict(foldCase(seen), foldCase(name), isDirectory)
      : compiled.verdict(seen, name, isDirectory);
  };
}

/** Lines without what git does not take for a part of a pattern: a BOM, remarks, blanks at the end. */
function linesOf(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => withoutBlanks(line.replace(/\r$/, '').replace(/\0.*/s, '')));
}

/** A blank at the end counts only where a backslash stands before it. */
function withoutBlanks(line: string): string {
  const [kept = ''] = /^(?:\\.|[^\\ ]| +(?=[^ ]))*\\?/s.exec(line) ?? [];
  return kept;
}

/** The number of the last pattern for a text: those for directories alone apart. */
class Literals {
  readonly #any = new Map<string, number>();
  readonly #directories = new Map<string, number>();

  add(text: string, number: number, isForDirectories: boolean): void {
    this.#directories.set(text, number);
    if (!isForDirectories) this.#any.set(text, number);
  }

  find(text: string, isDirectory: boolean): number {
    const known = isDirectory ? this.#directories : this.#any;
    return known.size === 0 ? -1 : (known.get(text) ?? -1);
  }
}

/** Patterns such as `*.log`, by the last letter: of many, few are tried. */
class Suffixes {
  readonly #byLast = new Map<number, { suffix: string; number: number; isForDirectories: boolean }[]>();

  add(suffix: string, number: number, isForDirectories: boolean): void {
    const last = suffix.charCodeAt(suffix.length - 1);
    const alike = this.#byLast.get(last) ?? [];
    this.#byLast.set(last, [{ suffix, number, isForDirectories }, ...alike]);
  }

  find(text: string, isDirectory: boolean): number {
    for (const { suffix, number, isForDirectories } of this.#byLast.get(text.charCodeAt(text.length - 1)) ??
      [])
      if ((isDirectory || !isForDirectories) && text.endsWith(suffix)) return number;
    return -1;
  }
}

interface Glob {
  readonly number: number;
  readonly isForDirectories: boolean;
  readonly isPath: boolean;
  /** What it begins with, as it is; the rest is matched. */
  readonly prefix: string;
  readonly rest: Wildcards;
}

/** Most patterns are plain names, or `*.suffix`: those are looked up rather than tried one after the other. */
class CompiledList {
  readonly #foldsCase: boolean;
  /** By number: whether a pattern ignores, or wants back. */
  readonly #ignores: boolean[] = [];
  readonly #names = new Literals();
  readonly #paths = new Literals();
  readonly #suffixes = new Suffixes();
  /** The last one first. */
  readonly #globs: Glob[] = [];

  constructor(foldsCase: boolean) {
    this.#foldsCase = foldsCase;
  }

  get isEmpty(): boolean {
    return this.#ignores.length === 0;
  }

  add(line: string): void {
    const [, not, body = ''] = /^(!?)(.*)$/s.exec(line) ?? [];
    const isForDirectories = body.endsWith('/');
    const pattern = isForDirectories ? body.slice(0, -1) : body;
    if (pattern === '') return;
    const number = this.#ignores.push(not === '') - 1;
    if (pattern.includes('/')) this.#addPath(pattern.replace(/^\//, ''), number, isForDirectories);
    else this.#addName(pattern, number, isForDirectories);
  }

  verdict(path: string, name: string, isDirectory: boolean): boolean | undefined {
    const best = Math.max(
      this.#names.find(name, isDirectory),
      this.#paths.find(path, isDirectory),
      this.#suffixes.find(name, isDirectory),
    );
    for (const glob of this.#globs) {
      if (glob.number < best) break;
      if ((isDirectory || !glob.isForDirectories) && fits(glob, glob.isPath ? path : name))
        return this.#ignores[glob.number];
    }
    return this.#ignores[best];
  }

  #addName(pattern: string, number: number, isForDirectories: boolean): void {
    const isSuffix = /^\*[^*?[\\]+$/.test(pattern);
    if (isSuffix) this.#suffixes.add(this.#fold(pattern.slice(1)), number, isForDirectories);
    else if (hasWildcard(pattern)) this.#addGlob(pattern, { number, isForDirectories, isPath: false });
    else this.#names.add(this.#fold(pattern), number, isForDirectories);
  }

  #addPath(pattern: string, number: number, isForDirectories: boolean): void {
    if (hasWildcard(pattern)) this.#addGlob(pattern, { number, isForDirectories, isPath: true });
    else this.#paths.add(this.#fold(pattern), number, isForDirectories);
  }

  /** Git matches what follows the plain part as if it began there: `a**b/c` is `a`, and `**b/c` after it. */
  #addGlob(pattern: string, glob: Omit<Glob, 'prefix' | 'rest'>): void {
    const plain = pattern.search(/[*?[\\]/);
    const options = { isPath: glob.isPath, foldsCase: this.#foldsCase };
    const rest = compileWildcards(bytesOf(pattern.slice(plain)), options);
    if (rest !== undefined)
      this.#globs.unshift({ ...glob, prefix: this.#fold(pattern.slice(0, plain)), rest });
  }

  #fold(text: string): string {
    return this.#foldsCase ? foldCase(text) : text;
  }
}

function fits({ prefix, rest }: Glob, text: string): boolean {
  // Most do not come further than this, which costs next to nothing.
  if (!text.endsWith(rest.ending) || !text.startsWith(prefix)) return false;
  return rest.matches(bytesOf(text.slice(prefix.length)));
}
