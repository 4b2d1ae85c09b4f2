/** What the source told of itself. */
import type { Place } from '../place.ts';
import { type ExactUsage, questions, type RootLook, type Usage } from '../questions.ts';
import type { Totals } from '../rsync/progress.ts';
import type { Folding, Limits, Times, Unkept } from '../unkept.ts';
import type { Voice } from '../voice.ts';
import { type Connection, Unanswered } from './connection.ts';
import { Ending } from './ending.ts';
import type { Amount } from './room.ts';

/** Why `.x8sync` of the source stays where it is. */
const notCopied = {
  mover: '.x8sync of the source is not copied: it holds unfinished files of a copy into that volume',
  other:
    '.x8sync of the source is not copied: movers keep their own files under that name; give it another one',
} as const;

/** Files that rsync is done with in a moment: no progress within one is worth a line for each. */
const smallFiles = 16 << 20;

export class Source {
  readonly #usage: Usage;
  readonly #connection: Connection;
  #counted: ExactUsage | undefined;
  #exactly: ExactUsage | undefined;

  constructor(usage: Usage, connection: Connection) {
    this.#usage = usage;
    this.#counted = usage.sizes ?? undefined;
    this.#connection = connection;
  }

  /** @throws Ending where it does not tell. */
  static async look(connection: Connection, voice: Voice): Promise<Source> {
    const usage = await told<Usage>(connection, questions.usage, 'usage');
    if (usage.lostFound > 0)
      voice.log('warning', `lost+found of the source holds ${usage.lostFound} entries, which are not copied`);
    if (usage.ownFolder !== 'none') voice.log('warning', notCopied[usage.ownFolder]);
    return new Source(usage, connection);
  }

  /** What its file system has in use: no less than what is copied. */
  get used(): Amount {
    return { bytes: this.#usage.usedBytes, inodes: this.#usage.usedInodes };
  }

  /** Whether a file has holes; undefined where it did not tell. */
  get sparse(): boolean | undefined {
    return this.#usage.sizes?.sparse;
  }

  get hasSmallFilesOnly(): boolean {
    return this.#usage.sizes !== null && this.#usage.sizes.largest <= smallFiles;
  }

  /** What its files take up, by a walk through all of them. */
  async exactly(): Promise<{ readonly bytes: number; readonly inodes: number }> {
    const { allocatedBytes, inodes } = await this.#exact();
    return { bytes: allocatedBytes, inodes };
  }

  async #exact(): Promise<ExactUsage> {
    // Not what its pod saw when it began: the source may have grown since, and what does not fit is known before.
    this.#exactly ??= await told<ExactUsage>(this.#connection, questions.exactUsage, 'size');
    this.#counted = this.#exactly;
    return this.#exactly;
  }

  /** Between which times its entries are, as far as that is known by now. */
  get times(): Times | undefined {
    return this.#counted && { first: this.#counted.earliest, last: this.#counted.latest };
  }

  /** Whether it has an entry of this kind, as far as that is known by now; true where it is not. */
  mayHave(kind: 'symlinks' | 'hardlinks'): boolean {
    return this.#counted === undefined || this.#counted[kind] > 0;
  }

  /** Whether it has a name of more bytes, likewise. */
  mayHaveNamesBeyond(bytes: number): boolean {
    return this.#counted === undefined || this.#counted.nameBytes > bytes;
  }

  /** Its times, by a walk through all entries where it is not known. */
  async timesExactly(): Promise<Times> {
    const { earliest, latest } = await this.#exact();
    return { first: earliest, last: latest };
  }

  /** All that is there to copy, as far as it is counted by now. */
  get totals(): Totals | undefined {
    return this.#counted && { bytes: this.#counted.apparentBytes, entries: this.#counted.entries };
  }

  /** Has it counted beside the copy, by whatever connection that has; one that does not tell is done without. */
  async count(): Promise<void> {
    if (this.#counted) return;
    const { code, stdout } = await this.#connection.askOnce(questions.exactUsage);
    if (code === 0) this.#counted = JSON.parse(stdout) as ExactUsage;
  }

  get place(): Place {
    return this.#usage.place;
  }

  /** Where in it an entry of this name is, as a path; empty where there is none. */
  find(mark: string): Promise<string> {
    return asked(this.#connection, questions.find(mark), 'names');
  }

  /** Whether its root has an entry of this name. */
  async sees(mark: string): Promise<boolean> {
    return (await asked(this.#connection, questions.sees(mark), 'names')) === 'yes';
  }

  /** What a target with such limits can't keep. */
  unkept(limits: Limits): Promise<Unkept> {
    return told<Unkept>(this.#connection, questions.unkept(limits), 'entries');
  }

  /** Groups of names that a target does not tell apart. */
  collisions(folding: Folding): Promise<string[][]> {
    return told<string[][]>(this.#connection, questions.collisions(folding), 'names');
  }

  root(): Promise<RootLook> {
    return told<RootLook>(this.#connection, questions.root, 'root');
  }
}

async function told<Answer>(connection: Connection, question: string, what: string): Promise<Answer> {
  const text = await asked(connection, question, what);
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new Ending('source-failed', `the source did not tell its ${what}: ${JSON.stringify(text)}`);
  }
}

async function asked(connection: Connection, question: string, what: string): Promise<string> {
  try {
    return await connection.ask(question);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    throw new Ending('source-failed', `the source did not tell its ${what}: ${error.message}`);
  }
}
