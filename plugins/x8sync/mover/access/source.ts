/** What the source answered about itself. */

import type { Folding, Limits, LossReport, Times } from '../protocol/losses.ts';
import type { Selection } from '../protocol/options.ts';
import {
  type ExactUsage,
  type OwnLostFound,
  queries,
  type RootSample,
  type Usage,
} from '../protocol/queries.ts';
import type { MessageWriter } from '../protocol/runtime.ts';
import type { HoleyFile } from '../ranges/holey.ts';
import type { Totals } from '../rsync/progress.ts';
import type { Amount } from '../volume/disk.ts';
import type { VolumeLocation } from '../volume/volume-location.ts';
import { QueryFailed } from './connection.ts';
import { MoverExit } from './exit.ts';
import type { SourceAccess } from './source-access.ts';

/** Why `.x8sync` of the source stays where it is. */
const notCopied = {
  mover: '.x8sync of the source is not copied: it holds unfinished files of a copy into that volume',
  other:
    '.x8sync of the source is not copied: movers keep their own files under that name; give it another one',
} as const;

/** Files that rsync is done with in a moment: no progress within one is worth a line for each. */
const smallFiles = 16 << 20;

export class Source {
  /** Real path of the folder that is copied, below the volume's root; empty for all of it. */
  readonly folder: string;
  /** Not all that it holds is copied, so what is counted is not what there is to copy. */
  readonly #isFiltered: boolean;
  readonly #usage: Usage;
  readonly #connection: SourceAccess;
  #counted: ExactUsage | undefined;
  #exactly: ExactUsage | undefined;

  constructor(usage: Usage, connection: SourceAccess, { folder = '', isFiltered = false } = {}) {
    this.folder = folder;
    this.#isFiltered = isFiltered;
    this.#usage = usage;
    this.#counted = usage.sizes ?? undefined;
    this.#connection = connection;
  }

  /** @throws MoverExit where it does not tell. */
  static async look(
    connection: SourceAccess,
    messages: MessageWriter,
    { sourcePath, filters }: Selection,
  ): Promise<Source> {
    const folder = sourcePath === '' ? '' : await realFolder(connection, sourcePath);
    const usage = await queryJson<Usage>(connection, queries.usage, 'usage');
    if (usage.lostFound > 0)
      messages.log(
        'warning',
        `lost+found of the source holds ${usage.lostFound === 1 ? 'an entry, which is' : `${usage.lostFound} entries, which are`} not copied`,
      );
    if (usage.ownFolder !== 'none') messages.log('warning', notCopied[usage.ownFolder]);
    return new Source(usage, connection, { folder, isFiltered: filters.length > 0 });
  }

  /** Nothing in it is copied, whatever the patterns. */
  get holdsNothing(): boolean {
    return this.#usage.holdsNothing;
  }

  /** See {@link Usage}. */
  get ownLostFound(): OwnLostFound {
    return this.#usage.ownLostFound;
  }

  /** What its file system has in use: no less than what is copied. */
  get used(): Amount {
    return { bytes: this.#usage.usedBytes, inodes: this.#usage.usedInodes };
  }

  /** Whether a file has holes; undefined where it did not tell. */
  get sparse(): boolean | undefined {
    return this.#usage.sizes?.sparse;
  }

  /** How many files it has and what they hold, without their holes, as far as that is known by now. */
  get counted(): { readonly files: number; readonly bytes: number } | undefined {
    if (!this.#counted) return undefined;
    const { files, apparentBytes, allocatedBytes } = this.#counted;
    return { files, bytes: Math.min(apparentBytes, allocatedBytes) };
  }

  /** Not all that is counted is copied. */
  get isFiltered(): boolean {
    return this.#isFiltered;
  }

  /** Its files with large holes, as far as that is known by now. */
  get holey(): readonly HoleyFile[] {
    return this.#usage.sizes?.holey ?? [];
  }

  /** What zstd leaves of each byte of a sample; undefined where it does not tell. */
  async compressedShare(): Promise<number | undefined> {
    const { code, stdout } = await this.#connection.askOnce(queries.sample);
    return code === 0 ? Number(stdout) : undefined;
  }

  /** See {@link Usage}. */
  get busyness(): number {
    return this.#usage.busyness;
  }

  get processors(): number {
    return this.#usage.processors;
  }

  get hasSmallFilesOnly(): boolean {
    return this.#usage.sizes !== null && this.#usage.sizes.largest <= smallFiles;
  }

  /** Bytes of its largest file, 64 KiB where it is smaller; undefined where that is not known. */
  get largest(): number | undefined {
    return this.#usage.sizes?.largest;
  }

  /** What its files take up, by a walk through all of them. */
  async exactly(): Promise<{ readonly bytes: number; readonly inodes: number }> {
    const { allocatedBytes, inodes } = await this.#exact();
    return { bytes: allocatedBytes, inodes };
  }

  async #exact(): Promise<ExactUsage> {
    // Not what its pod saw when it began: the source may have grown since, and what does not fit is known before.
    this.#exactly ??= await queryJson<ExactUsage>(this.#connection, queries.exactUsage, 'size');
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
    if (this.#isFiltered) return undefined;
    return this.#counted && { bytes: this.#counted.apparentBytes, entries: this.#counted.entries };
  }

  /** Has it counted beside the copy, by whatever connection that has; one that does not tell is done without. */
  async count(): Promise<void> {
    if (this.#counted || this.#isFiltered) return;
    const { code, stdout } = await this.#connection.askOnce(queries.exactUsage);
    if (code === 0) this.#counted = JSON.parse(stdout) as ExactUsage;
  }

  get location(): VolumeLocation {
    return this.#usage.location;
  }

  /** Where in it an entry of this name is, as a path; empty where there is none. */
  find(mark: string): Promise<string> {
    return queryText(this.#connection, queries.find(mark), 'names');
  }

  /** Whether its root has an entry of this name. */
  async sees(mark: string): Promise<boolean> {
    return (await queryText(this.#connection, queries.sees(mark), 'names')) === 'yes';
  }

  /** What a target with such limits can't keep. */
  losses(limits: Limits): Promise<LossReport> {
    return queryJson<LossReport>(this.#connection, queries.losses(limits), 'entries');
  }

  /** Groups of names that a target does not tell apart. */
  collisions(folding: Folding): Promise<string[][]> {
    return queryJson<string[][]>(this.#connection, queries.collisions(folding), 'names');
  }

  root(): Promise<RootSample> {
    return queryJson<RootSample>(this.#connection, queries.root, 'root');
  }
}

/** @throws MoverExit where the volume has no such folder, or it leads out of it. */
async function realFolder(connection: SourceAccess, path: string): Promise<string> {
  try {
    return JSON.parse(await connection.ask(queries.path)) as string;
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    throw new MoverExit('refused', `--source-path ${path}: ${error.message}`);
  }
}

async function queryJson<Answer>(connection: SourceAccess, query: string, what: string): Promise<Answer> {
  const text = await queryText(connection, query, what);
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new MoverExit('source-failed', `the source did not tell its ${what}: ${JSON.stringify(text)}`);
  }
}

async function queryText(connection: SourceAccess, query: string, what: string): Promise<string> {
  try {
    return await connection.ask(query);
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    throw new MoverExit('source-failed', `the source did not tell its ${what}: ${error.message}`);
  }
}
