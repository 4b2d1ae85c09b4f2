/** One run of rsync from the source to the target, its output turned into lines for the plugin. */

import type { Kill, MessageWriter } from '../protocol/runtime.ts';
import { cut, LineSplitter } from '../system/lines.ts';
import { pause, run } from '../system/programs.ts';
import { leavesAcls, withWholeList } from './args.ts';
import {
  type Change,
  changesMoreThanTime,
  isAttributes,
  isDeletion,
  isRoot,
  parseChange,
} from './changes.ts';
import { ErrorReader } from './errors.ts';
import { ObstructionFinder } from './obstructions.ts';
import { ProgressGauge, parseProgress, type RsyncProgress, type Totals } from './progress.ts';
import { Receiver } from './receiver.ts';
import { isMisplaced, mayStandStill, standsStill, standstillMs } from './standstill.ts';
import { type Counts, deliveredOf, parseStats } from './stats.ts';

const mostChanges = 200;
const longestName = 1024;

export interface RsyncJob {
  readonly args: readonly string[];
  /** Where the target's volume is mounted. */
  readonly target: string;
  /** Where the source's volume is mounted, if it is mounted here. */
  readonly source?: string | undefined;
  /** Bytes that earlier attempts have brought. */
  readonly base: number;
  /** What there is to copy; undefined while the source has not counted it. */
  readonly totals: () => Totals | undefined;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** Tell of each entry that changes, as a dry run does; else they are counted only. */
  readonly tellsChanges: boolean;
  /** Tell of each entry that goes, likewise. */
  readonly tellsDeletions: boolean;
  /** Ask rsync by a signal, once a second, how far it is: it prints nothing of that by itself. */
  readonly asksProgress: boolean;
  readonly messages: Pick<MessageWriter, 'write' | 'log'>;
  /** What rsync reads from its standard input. */
  readonly input?: Buffer | undefined;
  readonly kill: Kill;
  readonly signal: AbortSignal;
  /** Milliseconds after which one that could not put a name in its place, and does nothing, stands still. */
  readonly standstillMs?: number;
}

/** What a run came to. */
export interface RsyncResult {
  readonly code: number;
  readonly stats: Counts;
  /** Bytes that this run has brought, by its progress lines. */
  readonly moved: number;
  /** Owner, mode or attributes of the root folder were changed; its time is another matter. */
  readonly rootChanged: boolean;
  /** Entries that could not be made for what they are: devices and fifos, without root. */
  readonly skipped: number;
  /** In a dry run of a copy that deletes nothing: in whose places folders stand that only a run that deletes would empty. */
  readonly obstructions: Omit<ObstructionFinder, 'takes'>;
  readonly errors: ErrorReader;
}

/**
 * Runs rsync to its end. One that waits for ever for a group of hard links is ended, and run again in a way that it does
 * not come to that. @throws the signal's reason.
 */
export async function runRsync(job: RsyncJob): Promise<RsyncResult> {
  if (!mayStandStill(job.args)) return await runOnce(job);
  const stuck = new AbortController();
  try {
    return await runOnce(job, stuck);
  } catch (error) {
    job.signal.throwIfAborted();
    if (!stuck.signal.aborted) throw error;
    job.messages.log(
      'warning',
      'rsync stands still since it could not put a name in its place: it is run again with its list as a whole',
    );
    return await runWithWholeList(job);
  }
}

/** Where ACLs are left out for it that is a loss, though nobody knows whether the source has any. */
async function runWithWholeList(job: RsyncJob): Promise<RsyncResult> {
  const args = withWholeList(job.args);
  const result = await runOnce({ ...job, args });
  if (leavesAcls(args) && !leavesAcls(job.args)) result.errors.lost.add('acls');
  return result;
}

/** @param stuck is aborted where it stands still, and ends it. */
async function runOnce(job: RsyncJob, stuck?: AbortController): Promise<RsyncResult> {
  const output = new OutputReader(job);
  const errors = new ErrorReader([job.target, job.source], (level, text) => job.messages.log(level, text));
  const out = new LineSplitter((line) => output.line(line), { ends: /[\r\n]/ });
  const misplaced = Promise.withResolvers<void>();
  const err = new LineSplitter((line) => {
    errors.line(line);
    if (isMisplaced(line)) misplaced.resolve();
  });
  const over = new AbortController();
  const { code } = await run('rsync', job.args, {
    signal: stuck ? AbortSignal.any([job.signal, stuck.signal]) : job.signal,
    input: job.input,
    onOutput: (chunk) => out.push(chunk),
    onError: (chunk) => err.push(chunk),
    onStart: ({ pid }) => {
      if (pid !== undefined && stuck)
        misplaced.promise
          .then(() => standsStill(pid, job.standstillMs ?? standstillMs, over.signal))
          .then(
            () => stuck.abort(),
            () => undefined,
          );
      if (pid === undefined || !job.asksProgress) return;
      const receiver = new Receiver(pid, job.kill);
      output.watch(receiver);
      void watchProgress(receiver, output, over.signal);
    },
  }).finally(() => over.abort());
  out.end();
  err.end();
  const { moved, skipped, rootChanged, obstructions } = output;
  const stats = deliveredOf(output.stats, errors);
  return { code, stats, moved, skipped, rootChanged, obstructions, errors };
}

/** Reads what rsync prints: progress, statistics, and where it was asked for that, what it does or would do. */
class OutputReader {
  readonly stats: Counts = {};
  skipped = 0;
  rootChanged = false;
  readonly obstructions = new ObstructionFinder();
  readonly #job: RsyncJob;
  readonly #gauge: ProgressGauge;
  #toldAt = -1;
  #receiver: Pick<Receiver, 'written'> | undefined;
  /** What the receiver had written when rsync spoke of its progress last. */
  #writtenBefore = 0;
  /** rsync has spoken of it since the last tick. */
  #spoke = false;

  constructor(job: RsyncJob) {
    this.#job = job;
    this.#gauge = new ProgressGauge(job.base, job.totals);
  }

  get moved(): number {
    return this.#gauge.moved;
  }

  line(line: string): void {
    const progress = parseProgress(line);
    if (progress) {
      this.#progress(progress);
      if (progress.rest !== undefined) this.line(progress.rest);
      return;
    }
    const change = parseChange(line);
    if (change) this.#change(change);
    else if (line.startsWith('skipping non-regular file ')) this.skipped += 1;
    else this.#figures(parseStats(line) ?? {});
  }

  /** From now on it is seen how far this one is within a file. */
  watch(receiver: Pick<Receiver, 'written'>): void {
    this.#receiver = receiver;
  }

  /** A second has gone by: tells how far the receiver is within a file that has taken all of it. */
  tick(): void {
    const written = this.#spoke ? undefined : this.#receiver?.written();
    this.#spoke = false;
    if (written === undefined) return;
    const { attempt, messages } = this.#job;
    const progress = this.#gauge.within(written - this.#writtenBefore, performance.now());
    if (progress) messages.write('progress', { ...progress, attempt });
  }

  #progress(progress: RsyncProgress): void {
    const next = this.#gauge.next(progress, performance.now());
    this.#spoke = true;
    this.#writtenBefore = this.#receiver?.written() ?? 0;
    // One a second at most.
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#toldAt) return;
    this.#toldAt = second;
    this.#job.messages.write('progress', { ...next, attempt: this.#job.attempt });
  }

  #change(change: Change): void {
    const { stats } = this;
    // It would come to nothing, whatever rsync says; where deletions are carried out, it comes to its place.
    const { tellsChanges, tellsDeletions } = this.#job;
    if (tellsChanges && !tellsDeletions && this.obstructions.takes(change)) return;
    if (isDeletion(change)) {
      stats.extraneous = (stats.extraneous ?? 0) + 1;
      if (this.#job.tellsDeletions && stats.extraneous <= mostChanges) this.#tell(change);
      return;
    }
    if (isRoot(change) && !this.#job.tellsChanges) {
      this.rootChanged ||= changesMoreThanTime(change);
      return;
    }
    stats.changes = (stats.changes ?? 0) + 1;
    if (isAttributes(change)) stats.attributes = (stats.attributes ?? 0) + 1;
    if (!this.#job.tellsChanges || stats.changes > mostChanges) return;
    this.#tell(change);
  }

  #tell({ item, rest }: Change): void {
    this.#job.messages.write('change', { item, name: cut(rest, longestName) });
  }

  #figures(counts: Counts): void {
    Object.assign(this.stats, counts);
    if (counts.transferredBytes !== undefined)
      this.stats.transferredBytes = this.#job.base + counts.transferredBytes;
  }
}

/** Once a second rsync is asked how far it is; where it is still within a file, that is seen by what it writes. */
async function watchProgress(receiver: Receiver, output: OutputReader, over: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await pause(1000, over);
      output.tick();
      receiver.ask();
    }
  } catch {
    // The run is over.
  }
}
