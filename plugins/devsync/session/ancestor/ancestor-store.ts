/**
 * What both sides last agreed on, on the workstation's disk. Bound to the very container, mount and directory
 * that it describes: anything else begins without one, which never deletes or overwrites.
 *
 * One file: a line that says what it is bound to, then one line an edit, appended as edits are carried out. A
 * last line that was cut off by a crash is worth nothing and does no harm.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { type MaybeEntry, shallow, type Tracked, walk } from '../../reconcile/entry.ts';
import { type Edit, edited } from '../../reconcile/tree.ts';
import { asEdits, packEdits } from '../../wire/check.ts';
import { replaceStateFile, setAside } from './state-files.ts';

const schema = 1;

export class AncestorStore {
  readonly #file: string;
  #tree: MaybeEntry;
  #lines = 0;

  /** @param folder of this sync, on the workstation; made where it is missing. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = joinPath(folder, 'ancestor.jsonl');
  }

  get tree(): MaybeEntry {
    return this.#tree;
  }

  /** Loads what was agreed on in this place. Returns whether there was anything. Throws where it cannot be read. */
  load(binding: string): boolean {
    this.#tree = undefined;
    try {
      this.#tree = parse(readFileSync(this.#file, 'utf8'), binding);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return this.#tree !== undefined;
  }

  /** Puts what cannot be read out of the way. Returns where it is now. Throws what the system says. */
  setAside(): string {
    return setAside(this.#file);
  }

  /** Begins anew, in this place, with this tree. */
  begin(binding: string, tree: MaybeEntry): void {
    this.#tree = tree;
    const edits = [...walk(tree)].map(([path, entry]): Edit => [path, shallow(entry as Tracked)]);
    const text = `${JSON.stringify([schema, binding])}\n${linesOf(edits)}`;
    replaceStateFile(this.#file, text);
    this.#lines = 0;
  }

  /** Takes note of what was really done. */
  record(edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    this.#tree = edited(this.#tree, edits);
    // A line that a crash or a full disk has cut off ends here, so that it spoils none but itself.
    appendFileSync(this.#file, `\n${linesOf(edits)}`);
    this.#lines += edits.length;
  }

  /** Whether it is time to write it anew: so many lines were appended. */
  get isLong(): boolean {
    return this.#lines > 50_000;
  }

  forget(): void {
    this.#tree = undefined;
    rmSync(this.#file, { force: true });
  }
}

const linesOf = (edits: readonly Edit[]) =>
  packEdits(edits)
    .map((edit) => `${JSON.stringify(edit)}\n`)
    .join('');

function parse(text: string, binding: string): MaybeEntry {
  const [first = '', ...lines] = text.split('\n');
  const header = readLine(first);
  if (!Array.isArray(header) || header[0] !== schema || header[1] !== binding) return undefined;
  // What follows the last line feed was cut off.
  const complete = lines.slice(0, -1);
  return edited(undefined, asEdits(complete.map(readLine).filter((line) => line !== undefined)));
}

function readLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
