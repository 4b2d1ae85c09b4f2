/** One stream: a connection of its own, by which it copies the partitions that it is handed. */

import { isThrough } from '../copy/ending.ts';
import { RetryBudget } from '../copy/retry-budget.ts';
import type { SourceAccess } from '../copy/source-access.ts';
import type { SourceRsync } from '../copy/source-rsync.ts';
import type { StagingFolder } from '../copy/staging.ts';
import type { CopyOptions } from '../options.ts';
import { pause } from '../programs.ts';
import { isNetworkCode, meaningOf } from '../rsync/codes.ts';
import type { RsyncResult } from '../rsync/run.ts';
import type { Counts } from '../rsync/stats.ts';
import type { MessageWriter, Runtime } from '../runtime.ts';
import type { Partition } from './partitions.ts';
import type { StreamsProgress } from './progress.ts';
import type { WorkQueue } from './queue.ts';

export interface StreamParts {
  readonly options: CopyOptions;
  /** Its signal is aborted once nothing is left for a stream to do. */
  readonly runtime: Runtime;
  /** The one that questions are asked by. */
  readonly connection: SourceAccess;
  readonly staging: StagingFolder;
  /** The closing pass's, which knows what the target keeps. */
  readonly rsync: SourceRsync;
  readonly queue: WorkQueue<Partition>;
  readonly progress: StreamsProgress;
  /** What a run of rsync came to. */
  readonly note: (counts: Counts) => void;
}

/** A process that a signal ended, which no stream asked for. */
const wasKilled = (code: number): boolean => code > 128;

export class Stream {
  readonly #number: number;
  readonly #parts: StreamParts;
  readonly #connection: SourceAccess;
  readonly #rsync: SourceRsync;
  readonly #attempts: RetryBudget;
  readonly #messages: Pick<MessageWriter, 'write' | 'log'>;

  /** @param number from 1. */
  constructor(number: number, parts: StreamParts) {
    const { options, runtime, connection, rsync, progress } = parts;
    this.#number = number;
    this.#parts = parts;
    this.#connection = connection.another(number, options, runtime);
    this.#rsync = rsync.over(this.#connection, options, runtime);
    this.#attempts = new RetryBudget(options.retries);
    this.#messages = {
      write: (word, message) => {
        if (word === 'progress') progress.moved(number, (message as { bytes: number }).bytes);
      },
      // What can't be copied the closing pass complains of, and it alone has the last word.
      log: (_, text) => this.#say(text),
    };
  }

  #say(text: string): void {
    this.#parts.runtime.messages.log('info', `stream ${this.#number}: ${text}`);
  }

  /** Copies until nothing is left. @throws what opening a connection throws, and the signal's reason. */
  async run(): Promise<void> {
    const { queue } = this.#parts;
    try {
      await this.#connection.open();
      for (let partition = await queue.take(); partition; partition = await queue.take())
        if (!(await this.#copy(partition))) return;
    } finally {
      await this.#connection.close();
    }
  }

  /** False where this stream is of no use any more. */
  async #copy(partition: Partition): Promise<boolean> {
    const { staging, queue } = this.#parts;
    const since = performance.now();
    try {
      const result = await this.#rsync.copyListed(staging, partition.list, this.#messages);
      this.#note(partition, result);
      const { code, errors } = result;
      if (!errors.full && (isNetworkCode(code, errors.refused) || wasKilled(code))) {
        queue.giveBack(partition);
        return await this.#recover(result, performance.now() - since);
      }
      queue.finish(partition, isThrough(code) && !errors.full);
      // No other partition has more room.
      if (errors.full) queue.close();
      return !errors.full;
    } catch (error) {
      queue.giveBack(partition);
      throw error;
    }
  }

  #note({ files }: Partition, { code, stats, moved }: RsyncResult): void {
    const { transferredBytes = moved } = stats;
    this.#parts.progress.finished(this.#number, isThrough(code) ? files : 0, transferredBytes);
    this.#parts.note(stats);
  }

  async #recover({ code, moved }: RsyncResult, ms: number): Promise<boolean> {
    const goesOn = this.#attempts.broke(moved, ms);
    this.#say(`${meaningOf(code)} (rsync code ${code}): ${goesOn ? 'trying again' : 'this stream ends'}`);
    if (!goesOn) return false;
    await pause(this.#attempts.nextDelay() * 1000, this.#parts.runtime.signal);
    await this.#connection.reopen();
    return true;
  }
}
