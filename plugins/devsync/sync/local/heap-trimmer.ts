/** Returns memory to the system once a burst of work is over. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void;

let collect: Collect | undefined;

function trimHeap(): void {
  if (collect === undefined) {
    // V8 collects by itself only when it needs memory; a process that idles for hours is to stay small.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}

/** Milliseconds without work after which a burst is over. */
const idleBeforeTrim = 1500;
/** So many files or directories are a burst; a collection after a few saves would only cost time. */
const burst = 500;

/** Counts work, and collects garbage after a burst of it. */
export class HeapTrimmer {
  readonly #trim: () => void;
  #work = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(trim = trimHeap) {
    this.#trim = trim;
  }

  /** So many files or directories were worked on. */
  note(work: number): void {
    this.#work += work;
    if (this.#work < burst) return;
    this.#timer ??= setTimeout(() => {
      [this.#timer, this.#work] = [undefined, 0];
      this.#trim();
    }, idleBeforeTrim);
    this.#timer.refresh();
    this.#timer.unref();
  }
}

/** That of this process: a heap is collected once for all endpoints, and only when none of them is at work. */
export const heapTrimmer = new HeapTrimmer();
