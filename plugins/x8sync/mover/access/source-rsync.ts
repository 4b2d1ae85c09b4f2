/** The runs of rsync that a copy takes: a list, a comparison, a dry run, the copy. */
import { stat } from 'node:fs/promises';
import type { Compression } from '../protocol/compression.ts';
import type { FileFeature, Folding } from '../protocol/losses.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { MessageWriter, Runtime } from '../protocol/runtime.ts';
import { daemonPath, fromListArgs, listedArgs, rsyncArgs } from '../rsync/args.ts';
import { parseTransfer } from '../rsync/changes.ts';
import { listOf } from '../rsync/path-list.ts';
import { type RsyncResult, runRsync } from '../rsync/run.ts';
import { pullLines, type Ran, run, runLines } from '../system/programs.ts';
import { keptNames, targetTree } from '../volume/tree.ts';
import { deletionsOnly, type Lister, protectionsAt } from './same-entries.ts';
import type { Source } from './source.ts';
import type { SourceAccess } from './source-access.ts';
import type { StagingFolder } from './staging.ts';

const lineFeed = 0x0a;

interface RunWishes {
  readonly attempt: number;
  readonly base?: number;
  readonly asksProgress?: boolean;
  readonly tellsChanges?: boolean;
  readonly into?: string | undefined;
  /** Source and target, where they are others than those of the whole tree. */
  readonly ends?: readonly [source: string, target: string];
  /** Where its messages go; to the plugin where absent. */
  readonly messages?: Pick<MessageWriter, 'write' | 'log'>;
  readonly input?: Buffer;
  /** Options that keep entries of the target. */
  readonly protect?: readonly string[];
}

/** Where rsync keeps what it is at. */
export type UnfinishedFiles = Pick<StagingFolder, 'temporary' | 'partial'>;

/** How one attempt at the copy is made. */
export interface CopyWishes {
  readonly attempt: number;
  /** Bytes that earlier attempts have brought. */
  readonly base: number;
  /** Count what changes: rsync prints a line for each such entry, which costs a copy of small files some speed. */
  readonly itemized: boolean;
  /** So many entries of the target may go for not being the source's; none at all where absent. */
  readonly mostDeletions: number | undefined;
}

/** Once all is copied, so that what fails before has deleted nothing. */
const deleteArgs = (most: number): string[] => [
  '--delete-delay',
  ...(Number.isFinite(most) ? [`--max-delete=${most}`] : []),
];

/** What is to be known of the source. */
export type CopiedSource = Pick<Source, 'folder' | 'sparse' | 'hasSmallFilesOnly' | 'totals'>;

export class SourceRsync {
  /** What the target keeps, as far as it was tried out. */
  readonly traits = {
    fractions: false,
    owners: true,
    modes: true,
    unsupported: [] as readonly FileFeature[],
  };
  /** The source sends its list of files as a whole before anything else. */
  hasWholeList = false;
  compression: Compression = 'none';
  /** Names that the target does not tell apart, as far as it was tried out. */
  folding: Folding = { caseless: false, normalizing: false };
  /** Compare the content of all files, whatever was asked for. */
  byContent = false;
  /** Options that leave out what is not to be copied. */
  exclude: readonly string[] = [];
  /** The patterns behind them. */
  excluded: readonly string[] = [];
  readonly #options: CopyOptions;
  readonly #runtime: Runtime;
  readonly #connection: SourceAccess;
  readonly #source: CopiedSource;

  constructor(options: CopyOptions, runtime: Runtime, connection: SourceAccess, source: CopiedSource) {
    this.#options = options;
    this.#runtime = runtime;
    this.#connection = connection;
    this.#source = source;
  }

  /** A root folder whose time has a fraction shows that fractions are kept; otherwise a probe tries it out. */
  async lookAtTimes(): Promise<void> {
    const { mtimeNs } = await stat(this.#runtime.paths.target, { bigint: true });
    this.traits.fractions = mtimeNs % 1_000_000_000n !== 0n;
  }

  get #ends(): [source: string, target: string] {
    return this.#endsAt(this.#runtime.paths.target);
  }

  #endsAt(target: string): [source: string, target: string] {
    const { sshConfig, rsyncSource } = this.#connection;
    const { folder } = this.#source;
    const path = sshConfig === undefined || folder === '' ? folder : daemonPath(folder);
    return [`${rsyncSource}${path === '' ? '' : `${path}/`}`, `${target}/`];
  }

  /** Of a list, whose paths begin at the volume's root. */
  get #listedEnds(): [source: string, target: string] {
    return [this.#connection.rsyncSource, `${this.#runtime.paths.target}/`];
  }

  get #args(): string[] {
    return this.#argsWith([]);
  }

  /** @param protect options that keep entries of the target, before any rule of a person's. */
  #argsWith(protect: readonly string[]): string[] {
    const { privileges, bandwidth, checksum, owner, selection, rsyncArgs: given } = this.#options;
    const { sparse } = this.#source;
    return rsyncArgs({
      wholeList: this.hasWholeList,
      compression: this.compression,
      privileges,
      kept: {
        source: keptNames({ isWholeVolume: this.#source.folder === '' }),
        target: keptNames(targetTree(this.#runtime.paths)),
      },
      excluded: [...protect, ...this.exclude],
      filters: selection.filters,
      owner,
      bandwidth,
      given,
      checksum: checksum || this.byContent,
      sparse,
      sshConfig: this.#connection.sshConfig,
      ...this.traits,
    });
  }

  /**
   * Counts the source's entries, its root included, as rsync's daemon lists them.
   *
   * @param most stops after so many.
   */
  async list(most = Number.POSITIVE_INFINITY): Promise<{ readonly ran: Ran; readonly entries: number }> {
    const [source] = this.#ends;
    let entries = 0;
    const ran = await this.#connection.persist(async () => {
      entries = 0;
      const enough = new AbortController();
      const onOutput = (chunk: Buffer) => {
        for (const byte of chunk) if (byte === lineFeed) entries += 1;
        if (entries >= most) enough.abort();
      };
      const signal = AbortSignal.any([this.#runtime.signal, enough.signal]);
      try {
        return await run('rsync', [...this.#args, '--list-only', source], { onOutput, signal });
      } catch (error) {
        if (!enough.signal.aborted) throw error;
        this.#runtime.signal.throwIfAborted();
        return { code: 0, stdout: '', stderr: '' };
      }
    });
    return { ran, entries };
  }

  /** Measures what a merge would add. @param growth made anew for each attempt, and handed the lines of a dry run. */
  async compare<Growth extends { line(line: string): void }>(
    growth: () => Growth,
    into: string,
  ): Promise<{ readonly ran: Ran; readonly growth: Growth }> {
    const args = [...this.#args, '-n', '--8-bit-output', '--out-format=%i|%l|%n', ...this.#endsAt(into)];
    let measured = growth();
    const ran = await this.#connection.persist(() => {
      measured = growth();
      const options = { encoding: 'latin1', signal: this.#runtime.signal } as const;
      return runLines('rsync', args, (line) => measured.line(line), options);
    });
    return { ran, growth: measured };
  }

  /**
   * A dry run: nothing is written, not even the staging folder. --delete only lists, under --dry-run, what the target
   * has beyond the source.
   *
   * @param into an empty folder that stands for the target, where all of that would go first.
   */
  async dryRun(into?: string): Promise<RsyncResult> {
    const args = ['-n', '--delete', '--info=stats2', '--out-format=%i|%n%L'];
    const protect = into === undefined ? await this.#protections() : [];
    return this.#connection.persist(() => this.#run(args, { attempt: 1, tellsChanges: true, into, protect }));
  }

  /** What a copy would delete, counted in the result's `extraneous`; nothing is written. */
  async countDeletions(): Promise<RsyncResult> {
    const protect = await this.#protections();
    return this.#connection.persist(() => this.#run(deletionsOnly, { attempt: 1, protect }));
  }

  #protections(): Promise<string[]> {
    const list: Lister = async (args, into, take) => {
      const all = [...this.#args, '--8-bit-output', ...args, ...this.#endsAt(into)];
      const options = { encoding: 'latin1', signal: this.#runtime.signal } as const;
      return (await this.#connection.persist(() => runLines('rsync', all, take, options))).code;
    };
    return protectionsAt(this.#runtime.paths, this.folding, list);
  }

  /**
   * By itself rsync prints its progress with every file, which takes a fifth of the time of small ones. Asked by a
   * signal it prints a line after the file that it is at, which will do where no file takes long: small ones do where
   * the rate is limited.
   */
  get #asksProgress(): boolean {
    return this.#source.hasSmallFilesOnly && this.#options.bandwidth === '';
  }

  /** One attempt at the copy. */
  async copy(
    staging: UnfinishedFiles,
    { attempt, base, itemized, mostDeletions }: CopyWishes,
  ): Promise<RsyncResult> {
    const asksProgress = this.#asksProgress;
    const told = itemized ? ['--out-format=%i|%n'] : [];
    const deletes = mostDeletions === undefined ? [] : deleteArgs(mostDeletions);
    const args = [...this.#copyArgs(staging, asksProgress), ...told, ...deletes];
    const protect = mostDeletions === undefined ? [] : await this.#protections();
    return this.#run(args, { attempt, base, asksProgress, protect });
  }

  #copyArgs(staging: UnfinishedFiles, asksProgress: boolean): string[] {
    const info = asksProgress ? 'stats2' : 'progress2,stats2';
    const folders = [`--temp-dir=${staging.temporary}`, `--partial-dir=${staging.partial}`];
    return [`--info=${info}`, ...folders];
  }

  /** The same runs over another connection; by size and time, since the closing pass compares contents. */
  over(connection: SourceAccess, options: CopyOptions, runtime: Runtime): SourceRsync {
    const other = new SourceRsync({ ...options, checksum: false }, runtime, connection, this.#source);
    Object.assign(other.traits, this.traits);
    other.exclude = this.exclude;
    other.hasWholeList = this.hasWholeList;
    other.compression = this.compression;
    return other;
  }

  /**
   * Tells of each file that a copy would transfer, as rsync comes upon it.
   *
   * @param only paths to look at; the whole tree where absent.
   * @returns rsync's exit code.
   */
  listTransfers(
    take: (bytes: number, path: Buffer) => Promise<void> | undefined,
    signal: AbortSignal,
    only?: readonly Buffer[],
  ): Promise<number> {
    const line = (text: string) => {
      const transfer = parseTransfer(text);
      return transfer && take(transfer.bytes, transfer.path);
    };
    const ends = only ? [...fromListArgs, ...this.#listedEnds] : this.#ends;
    const args = [...this.#args, '-n', '--8-bit-output', '--out-format=%i|%l|%n', ...ends];
    const input = only && listOf(only, this.#source.folder);
    return pullLines('rsync', args, line, { signal, encoding: 'latin1', input });
  }

  /** Copies the files of a list of the volume's paths, and the folders that lead to them. */
  copyListed(
    staging: UnfinishedFiles,
    list: Buffer,
    messages: Pick<MessageWriter, 'write' | 'log'>,
  ): Promise<RsyncResult> {
    const asksProgress = this.#asksProgress;
    const args = [...this.#copyArgs(staging, asksProgress), ...listedArgs(this.#options.owner)];
    return this.#run(args, { attempt: 1, asksProgress, messages, input: list, ends: this.#listedEnds });
  }

  #run(
    args: readonly string[],
    {
      attempt,
      base = 0,
      asksProgress = false,
      tellsChanges = false,
      into,
      ends,
      messages,
      input,
      protect = [],
    }: RunWishes,
  ): Promise<RsyncResult> {
    const { paths, kill, signal } = this.#runtime;
    const { deletes } = this.#options;
    return runRsync({
      args: [...this.#argsWith(protect), ...args, ...(ends ?? this.#endsAt(into ?? paths.target))],
      target: paths.target,
      source: this.#connection.sshConfig === undefined ? paths.source : undefined,
      base,
      totals: () => this.#source.totals,
      attempt,
      asksProgress,
      tellsChanges,
      tellsDeletions: tellsChanges && deletes !== 'nothing',
      messages: messages ?? this.#runtime.messages,
      input,
      kill,
      signal,
    });
  }
}
