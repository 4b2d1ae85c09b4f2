/**
 * What comes before the one pass of rsync over the whole tree, where several streams are quicker: the files that it
 * would transfer are listed by a dry run of it, cut into partitions while the list comes, and copied by streams. Nothing
 * here decides how a copy ended. What a stream could not do, the closing pass does; what it can't do either, it says.
 */
import { isThrough } from '../copy/ending.ts';
import type { Source } from '../copy/source.ts';
import type { SourceAccess } from '../copy/source-access.ts';
import type { SourceRsync } from '../copy/source-rsync.ts';
import type { StagingFolder } from '../copy/staging.ts';
import type { CopyOptions } from '../options.ts';
import { pause } from '../programs.ts';
import type { StreamsReport } from '../protocol.ts';
import type { Counts } from '../rsync/stats.ts';
import type { Runtime } from '../runtime.ts';
import type { Choice, PartitionLimits } from './choice.ts';
import { type Partition, PartitionCutter } from './partitions.ts';
import { StreamsProgress } from './progress.ts';
import { WorkQueue } from './queue.ts';
import { Stream } from './stream.ts';

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
}

/** Partitions that wait for each stream: their lists are held in memory. */
const waitingOfStream = 2;
const tellEveryMs = 1000;

/** @throws the runtime's signal's reason. */
export async function copyInStreams(parts: PassParts, { parallelism, limits }: Choice): Promise<PassResult> {
  const pass = new ParallelPass(parts, parallelism, limits);
  return pass.run();
}

class ParallelPass {
  readonly #parts: PassParts;
  readonly #parallelism: number;
  readonly #cutter: PartitionCutter;
  readonly #queue: WorkQueue<Partition>;
  readonly #progress: StreamsProgress;
  readonly #counts: Counts = {};
  /** Aborted once nothing is left to do. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #partitions = 0;

  constructor(parts: PassParts, parallelism: number, limits: PartitionLimits) {
    this.#parts = parts;
    this.#parallelism = parallelism;
    this.#cutter = new PartitionCutter(limits);
    this.#queue = new WorkQueue(parallelism * waitingOfStream);
    this.#progress = new StreamsProgress(() => parts.source.totals, performance.now());
    this.#signal = AbortSignal.any([parts.runtime.signal, this.#over.signal]);
    // Streams that wait for work wait no longer.
    this.#signal.addEventListener('abort', () => this.#queue.close(), { once: true });
  }

  async run(): Promise<PassResult> {
    const { signal } = this.#parts.runtime;
    const listed = this.#listPartitions();
    const telling = this.#tellProgress();
    const streams = Array.from({ length: this.#parallelism }, (_, index) => this.#stream(index + 1));
    await Promise.all(streams);
    // All streams may have ended before the list has.
    this.#queue.close();
    this.#over.abort();
    await Promise.all([listed, telling]);
    signal.throwIfAborted();
    const { transferredFiles = 0 } = this.#counts;
    const { again } = this.#queue;
    return { partitions: this.#partitions, files: transferredFiles, again, counts: this.#counts };
  }

  /** Never rejects: what a stream could not do is left to the others, and to the closing pass. */
  async #stream(number: number): Promise<void> {
    const { options, runtime, connection, staging, rsync } = this.#parts;
    const parts = {
      options: { ...options, bandwidth: shareOf(options.bandwidth, this.#parallelism) },
      runtime: { ...runtime, signal: this.#signal },
      ...{ connection, staging, rsync, queue: this.#queue, progress: this.#progress },
      note: (counts: Counts) => this.#note(counts),
    };
    try {
      await new Stream(number, parts).run();
      // One that finds nothing to take any more has no others to wait for, who may still be on their way.
      if (this.#queue.isDone) this.#over.abort();
    } catch (error) {
      if (!this.#signal.aborted)
        runtime.messages.log('warning', `stream ${number} ended: ${(error as Error).message}`);
    }
  }

  async #listPartitions(): Promise<void> {
    const { rsync, runtime } = this.#parts;
    const take = (bytes: number, path: Buffer) => this.#put(this.#cutter.add(bytes, path));
    try {
      const code = await rsync.listTransfers(take, this.#signal);
      await this.#put(this.#cutter.rest());
      if (!isThrough(code))
        runtime.messages.log('warning', `the files could not all be listed beforehand (rsync code ${code})`);
    } catch {
      // All streams have ended, or the copy is stopped.
    } finally {
      this.#queue.end();
    }
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
    const { messages } = this.#parts.runtime;
    try {
      for (;;) {
        await pause(tellEveryMs, this.#signal);
        messages.write('progress', { ...this.#progress.at(performance.now()), attempt: 1 });
      }
    } catch {
      // The pass is over.
    }
  }
}

/** A stream's part of a rate as rsync takes it: `10M`; empty for no limit. */
export function shareOf(rate: string, streams: number): string {
  const [, number, unit] = /^([\d.]+)(\D*)$/.exec(rate) ?? [];
  if (number === undefined) return rate;
  return `${Math.max(0.01, Number((Number(number) / streams).toFixed(2)))}${unit}`;
}
