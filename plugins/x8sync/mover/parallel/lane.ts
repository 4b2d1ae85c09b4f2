/** A stream's place that a worker has while it is there, and the mover itself all other time. */

import type { LogLevel } from '../protocol/protocol.ts';
import type { Counts } from '../rsync/stats.ts';
import type { WorkerLink } from '../workers/link.ts';
import type { ListResult } from '../workers/messages.ts';
import type { Partition } from './partitions.ts';
import type { StreamsProgress } from './progress.ts';
import type { WorkQueue } from './queue.ts';
import { type Attempt, attemptOf, isPartition, type Stream, type Work } from './stream.ts';

export interface LaneParts {
  /** Of the stream whose place it is. */
  readonly number: number;
  readonly link: Pick<WorkerLink, 'isThere' | 'hand' | 'worker'>;
  /** The mover's own stream in this place. */
  readonly stream: Pick<Stream, 'run'>;
  readonly queue: WorkQueue<Work>;
  readonly progress: Pick<StreamsProgress, 'moved' | 'finished' | 'placed'>;
  readonly note: (counts: Counts) => void;
  readonly log: (level: LogLevel, text: string) => void;
}

/** A worker whose rsync breaks so often in a row does nothing more in this place. */
const mostBreaks = 3;

export class Lane {
  readonly #parts: LaneParts;
  #breaks = 0;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  /** Copies until nothing is left. @throws what the stream throws. */
  async run(): Promise<void> {
    const { stream, number, link, progress } = this.#parts;
    for (;;) {
      progress.placed(number, this.#isWorkers ? link.worker : undefined);
      if (!this.#isWorkers) {
        if (!(await stream.run(() => this.#isWorkers))) return;
      } else if (await this.#byWorker()) return;
      // What the worker has given back is done here first, and not offered to it once more.
      else if (!(await stream.run(afterOne()))) return;
    }
  }

  get #isWorkers(): boolean {
    return this.#parts.link.isThere && this.#breaks < mostBreaks;
  }

  /** Until nothing is left, for which it resolves with true, or a partition came back. */
  async #byWorker(): Promise<boolean> {
    const { queue } = this.#parts;
    while (this.#isWorkers) {
      const work = await queue.take(isPartition);
      if (!work || !isPartition(work)) return true;
      if (!(await this.#hand(work))) return false;
    }
    return false;
  }

  /** False where the partition came back. */
  async #hand(work: Partition): Promise<boolean> {
    const { queue, link, number, progress } = this.#parts;
    const handed = await link.hand(work.list, (bytes) => progress.moved(number, bytes));
    if (handed === 'again') {
      progress.finished(number, 0, 0);
      queue.giveBack(work);
      return false;
    }
    const attempt = this.#note(work, handed.result);
    if (attempt.broke) {
      this.#breaks += 1;
      queue.giveBack(work);
      return false;
    }
    this.#breaks = 0;
    queue.finish(work, attempt.isDone);
    // No other piece of work has more room.
    if (attempt.full) queue.close();
    return true;
  }

  #note({ files }: Partition, result: ListResult): Attempt {
    const { number, progress, note, log } = this.#parts;
    for (const text of result.said) log('info', `stream ${number}: ${text}`);
    const attempt = attemptOf(result);
    progress.finished(number, attempt.isDone ? files : 0, result.stats.transferredBytes ?? result.moved);
    note(result.stats);
    return attempt;
  }
}

/** Relieved once one piece of work is done. */
function afterOne(): () => boolean {
  let asked = 0;
  return () => asked++ > 0;
}
