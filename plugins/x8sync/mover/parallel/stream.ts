/** One stream: an access to the source of its own, by which it fetches the partitions and ranges that it is handed. */
import { isThrough } from '../access/exit.ts';
import { RetryBudget } from '../access/retry-budget.ts';
import type { SourceAccess } from '../access/source-access.ts';
import type { SourceRsync } from '../access/source-rsync.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { MessageWriter, Runtime } from '../protocol/runtime.ts';
import { bytesOf } from '../ranges/layout.ts';
import { isNetworkCode, meaningOf } from '../rsync/codes.ts';
import type { Counts } from '../rsync/stats.ts';
import { fetchRange } from './fetch.ts';
import type { LargeFiles, RangeWork } from './large-files.ts';
import type { Partition } from './partitions.ts';
import type { StreamsProgress } from './progress.ts';
import type { WorkQueue } from './queue.ts';

export type Work = Partition | RangeWork;

/** Ranges of large files are put together by the mover alone. */
export const isPartition = (work: Work): work is Partition => !('file' in work);

export interface StreamParts {
  readonly options: CopyOptions;
  /** Its signal is aborted once nothing is left for a stream to do. */
  readonly runtime: Runtime;
  /** The one that questions are asked by. */
  readonly connection: SourceAccess;
  readonly staging: StagingFolder;
  /** The closing pass's, which knows what the target keeps. */
  readonly rsync: SourceRsync;
  readonly queue: WorkQueue<Work>;
  readonly large: LargeFiles;
  readonly progress: StreamsProgress;
  /** What a run of rsync came to. */
  readonly note: (counts: Counts) => void;
}

/** How a piece of work went. */
export interface Attempt {
  readonly code: number;
  /** Another attempt may help: the line broke, or a process was killed. */
  readonly broke: boolean;
  readonly isDone: boolean;
  readonly moved: number;
  /** The target has no room left. */
  readonly full?: boolean;
}

/** A process that a signal ended, which no stream asked for. */
const wasKilled = (code: number): boolean => code > 128;

/** What one run of rsync over a list comes to. */
export function attemptOf({
  code,
  moved,
  full,
  refused,
}: Pick<Attempt, 'code' | 'moved'> & Record<'full' | 'refused', boolean>): Attempt {
  const broke = !full && (isNetworkCode(code, refused) || wasKilled(code));
  return { code, broke, isDone: isThrough(code) && !full, moved, full };
}

export class Stream {
  readonly #number: number;
  readonly #parts: StreamParts;
  readonly #connection: SourceAccess;
  readonly #rsync: SourceRsync;
  readonly #retries: RetryBudget;
  readonly #messages: Pick<MessageWriter, 'write' | 'log'>;

  /** @param number from 1. */
  constructor(number: number, parts: StreamParts) {
    const { options, runtime, connection, rsync, progress } = parts;
    this.#number = number;
    this.#parts = parts;
    this.#connection = connection.another(number, options, runtime);
    this.#rsync = rsync.over(this.#connection, options, runtime);
    this.#retries = new RetryBudget(options.retries);
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

  /**
   * Copies until nothing is left, or another is to go on in its place.
   *
   * @param isRelieved is asked before each piece of work.
   * @returns whether it was relieved.
   * @throws what opening a connection throws, and the signal's reason.
   */
  async run(isRelieved: () => boolean = () => false): Promise<boolean> {
    const { queue } = this.#parts;
    try {
      await this.#connection.open();
      for (;;) {
        if (isRelieved()) return true;
        const work = await queue.take();
        if (!work || !(await this.#do(work))) return false;
      }
    } finally {
      await this.#connection.close();
    }
  }

  /** False where this stream is of no use any more. */
  async #do(work: Work): Promise<boolean> {
    const { queue } = this.#parts;
    const since = performance.now();
    try {
      const attempt = isPartition(work) ? await this.#copy(work) : await this.#fetch(work);
      if (attempt.broke) {
        queue.giveBack(work);
        return await this.#recover(attempt, performance.now() - since);
      }
      queue.finish(work, attempt.isDone);
      // No other piece of work has more room.
      if (attempt.full) queue.close();
      return !attempt.full;
    } catch (error) {
      queue.giveBack(work);
      throw error;
    }
  }

  async #copy({ list, files }: Partition): Promise<Attempt> {
    const { staging, note, progress } = this.#parts;
    const { code, stats, moved, errors } = await this.#rsync.copyListed(staging, list, this.#messages);
    const attempt = attemptOf({ code, moved, full: errors.full, refused: errors.refused });
    progress.finished(this.#number, attempt.isDone ? files : 0, stats.transferredBytes ?? moved);
    note(stats);
    return attempt;
  }

  async #fetch({ file, index }: RangeWork): Promise<Attempt> {
    const { runtime, large, progress } = this.#parts;
    let moved = 0;
    const tell = (bytes: number) => {
      moved += bytes;
      progress.moved(this.#number, moved);
    };
    const code = await fetchRange(this.#connection, { file, index }, tell, runtime.signal);
    progress.finished(this.#number, 0, code === 0 ? bytesOf(file.ranges[index] ?? []) : 0);
    if (code === 0 && file.missing.length === 0) {
      await large.finish(file);
      progress.finished(this.#number, 1, file.layout.size - bytesOf(file.layout.extents));
    }
    return { code, broke: isNetworkCode(code) || wasKilled(code), isDone: code === 0, moved };
  }

  async #recover({ code, moved }: Attempt, ms: number): Promise<boolean> {
    const goesOn = this.#retries.broke(moved, ms);
    this.#say(`${meaningOf(code)} (code ${code}): ${goesOn ? 'trying again' : 'this stream ends'}`);
    if (!goesOn) return false;
    await this.#connection.reopen(this.#retries.nextDelay() * 1000);
    return true;
  }
}
