/**
 * What comes before the one pass of rsync over the whole tree, where several streams are quicker: the files that it
 * would transfer are listed by a dry run of it, cut into partitions while the list comes, and copied by streams. Nothing
 * here decides how a copy ended. What a stream could not do, the closing pass does; what it can't do either, it says.
 */
import { isThrough, MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import type { SourceAccess } from '../access/source-access.ts';
import type { SourceRsync } from '../access/source-rsync.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { StreamsReport } from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { Counts } from '../rsync/stats.ts';
import { pause } from '../system/programs.ts';
import { Workers } from '../workers/workers.ts';
import type { Choice } from './choice.ts';
import { Lane, type LaneParts } from './lane.ts';
import { LargeFiles } from './large-files.ts';
import { type Partition, PartitionCutter } from './partitions.ts';
import { streamsOfPods } from './pods.ts';
import { StreamsProgress } from './progress.ts';
import { WorkQueue } from './queue.ts';
import { shareOf } from './rate.ts';
import { Stream, type StreamParts, type Work } from './stream.ts';

export interface PassParts {
  readonly options: CopyOptions;
  readonly runtime: Runtime;
  readonly connection: SourceAccess;
  readonly staging: StagingFolder;
  readonly source: Source;
  readonly rsync: SourceRsync;
}

/** What the streams did. */
export interface PassResult extends Pick<StreamsReport, 'partitions' | 'files' | 'again'> {
  /** Sums of what their runs of rsync told. */
  readonly counts: Counts;
  /** Workers that have taken part. */
  readonly workers: number;
  readonly filesOfWorkers: number;
}

/** How many streams, and over how many pods. */
export interface Spread {
  readonly choice: Choice;
  readonly pods: number;
}

/** Work that waits for each stream: lists of names are held in memory. */
const waitingOfStream = 2;
const tellEveryMs = 1000;
/** Of each stream by itself: after so many words on all of them. */
const tellEachEvery = 10;

/**
 * Copies what the target lacks.
 *
 * @param only files of which nothing but their data is to come; all of the tree where absent.
 * @throws the runtime's signal's reason.
 */
export async function copyInStreams(
  parts: PassParts,
  spread: Spread,
  only?: readonly Buffer[],
): Promise<PassResult> {
  return new ParallelPass(parts, spread, only).run();
}

class ParallelPass {
  readonly #parts: PassParts;
  readonly #choice: Choice;
  readonly #only: readonly Buffer[] | undefined;
  readonly #cutter: PartitionCutter;
  readonly #queue: WorkQueue<Work>;
  readonly #progress: StreamsProgress;
  readonly #large: LargeFiles;
  readonly #holey: ReadonlySet<string>;
  readonly #counts: Counts = {};
  /** Aborted once nothing is left to do. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #partitions = 0;
  #filesOfWorkers = 0;
  /** Streams of each pod, the mover's own first. */
  readonly #streamsOfPods: readonly number[];
  /** Undefined where the mover copies alone. */
  #workers: Workers | undefined;

  constructor(parts: PassParts, { choice, pods }: Spread, only?: readonly Buffer[]) {
    const { runtime, connection, staging, source } = parts;
    const { parallelism, limits } = choice;
    this.#parts = parts;
    this.#choice = choice;
    this.#streamsOfPods = streamsOfPods(parallelism, pods);
    this.#only = only;
    this.#cutter = new PartitionCutter(limits, source.folder);
    this.#queue = new WorkQueue(parallelism * waitingOfStream);
    this.#progress = new StreamsProgress(() => source.totals, performance.now());
    const note = (counts: Counts) => this.#note(counts);
    this.#large = new LargeFiles({
      ...{ runtime, connection, staging, note },
      streams: parallelism,
    });
    this.#holey = new Set(source.holey.map(({ path }) => path));
    this.#signal = AbortSignal.any([runtime.signal, this.#over.signal]);
    // Streams that wait for work wait no longer.
    this.#signal.addEventListener('abort', () => this.#queue.close(), { once: true });
  }

  async run(): Promise<PassResult> {
    const { signal } = this.#parts.runtime;
    await this.#callWorkers();
    const listed = this.#listWork();
    const telling = this.#tellProgress();
    const watched = this.#workers?.watch(this.#signal);
    const streams = Array.from({ length: this.#choice.parallelism }, (_, index) => this.#stream(index + 1));
    await Promise.all(streams);
    // All streams may have ended before the list has.
    this.#queue.close();
    this.#over.abort();
    await Promise.all([listed, telling, watched]);
    await this.#large.close(signal.aborted);
    const isAlone = (await this.#workers?.close()) ?? true;
    signal.throwIfAborted();
    if (!isAlone)
      throw new MoverExit(
        'io',
        `what workers were given in ${this.#parts.staging.path} could not be removed`,
      );
    const { transferredFiles = 0 } = this.#counts;
    const { again } = this.#queue;
    const workers = this.#workers?.come ?? 0;
    const [partitions, filesOfWorkers] = [this.#partitions, this.#filesOfWorkers];
    return { partitions, files: transferredFiles, again, counts: this.#counts, workers, filesOfWorkers };
  }

  /** Says that further pods are wanted, once all is there that they ask for. Never rejects: this one copies without them too. */
  async #callWorkers(): Promise<void> {
    const [, ...others] = this.#streamsOfPods;
    if (others.length === 0) return;
    const { runtime } = this.#parts;
    const isRunningOut = () => this.#queue.isRunningOut;
    try {
      this.#workers = await Workers.open({ ...this.#parts, isRunningOut }, this.#streamsOfPods);
      runtime.messages.write('workers', { count: others.length });
    } catch (error) {
      runtime.messages.log('info', `this pod copies alone: ${(error as Error).message}`);
    }
  }

  /** Never rejects: what a stream could not do is left to the others, and to the closing pass. */
  async #stream(number: number): Promise<void> {
    const { options, runtime, connection, staging, rsync } = this.#parts;
    const bandwidth = shareOf(options.bandwidth, this.#choice.parallelism);
    const parts = {
      options: { ...options, bandwidth },
      runtime: { ...runtime, signal: this.#signal },
      ...{ connection, staging, rsync, queue: this.#queue, progress: this.#progress, large: this.#large },
      note: (counts: Counts) => this.#note(counts),
    };
    this.#progress.placed(number, undefined);
    try {
      await this.#placeOf(number, parts).run();
      // Others, who may still be on their way, will find nothing either.
      if (this.#queue.isDone) this.#over.abort();
    } catch (error) {
      if (!this.#signal.aborted)
        runtime.messages.log('warning', `stream ${number} ended: ${(error as Error).message}`);
    }
  }

  /** A stream of this pod, or the place that a worker has while it is there. */
  #placeOf(number: number, parts: StreamParts): Pick<Lane, 'run'> | Pick<Stream, 'run'> {
    const stream = new Stream(number, parts);
    const link = this.#workers?.linkOf(number, this.#streamsOfPods);
    const log: LaneParts['log'] = (level, text) => parts.runtime.messages.log(level, text);
    const note = (counts: Counts) => {
      this.#filesOfWorkers += counts.transferredFiles ?? 0;
      parts.note(counts);
    };
    return link ? new Lane({ ...parts, number, link, stream, note, log }) : stream;
  }

  async #listWork(): Promise<void> {
    const { rsync, runtime } = this.#parts;
    const take = (bytes: number, path: Buffer) => this.#take(bytes, path);
    try {
      const code = await rsync.listTransfers(take, this.#signal, this.#only);
      await this.#put(this.#cutter.rest());
      if (!isThrough(code))
        runtime.messages.log('warning', `the files could not all be listed beforehand (rsync code ${code})`);
    } catch {
      // All streams have ended, or the copy is stopped.
    } finally {
      this.#queue.end();
    }
  }

  #take(bytes: number, path: Buffer): Promise<void> | undefined {
    const isLarge = bytes >= this.#choice.rangeFrom || this.#holey.has(path.toString('base64url'));
    return isLarge ? this.#takeLarge(bytes, path) : this.#put(this.#cutter.add(bytes, path));
  }

  async #takeLarge(bytes: number, path: Buffer): Promise<void> {
    const ranges = this.#parts.options.bandwidth === '' ? await this.#large.begin(path) : undefined;
    for (const range of ranges ?? []) await this.#queue.put(range);
    if (!ranges && !this.#only) await this.#put(this.#cutter.add(bytes, path));
  }

  #put(partition: Partition | undefined): Promise<void> | undefined {
    if (!partition) return undefined;
    this.#partitions += 1;
    return this.#queue.put(partition);
  }

  #note(counts: Counts): void {
    for (const [name, count] of Object.entries(counts))
      this.#counts[name] = (this.#counts[name] ?? 0) + count;
  }

  async #tellProgress(): Promise<void> {
    try {
      for (let told = 1; ; told += 1) {
        await pause(tellEveryMs, this.#signal);
        this.#tellAll();
        if (told % tellEachEvery === 0) this.#tellEach();
      }
    } catch {
      // The pass is over.
      this.#tellAll();
      this.#tellEach();
    }
  }

  #tellAll(): void {
    const progress = this.#progress.at(performance.now());
    this.#parts.runtime.messages.write('progress', { ...progress, attempt: 1 });
  }

  #tellEach(): void {
    this.#parts.runtime.messages.write('streams', { streams: this.#progress.each(performance.now()) });
  }
}
