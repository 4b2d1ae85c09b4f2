/** Memory that a burst of work has left behind, given back to the system once there is peace. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void;

let collect: Collect | undefined;

function trimHeap(): void {
  if (collect === undefined) {
    // The collector is nobody's business at run time, except where a process is meant to be small for hours.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}

/** Milliseconds without more work. */
const idleBeforeTrim = 1500;
/** So many files or directories are a burst; a few saves are not worth a pause. */
const burst = 500;

/** Counts work, and collects after a burst of it: V8 by itself waits until it needs the room. */
export class HeapTrimmer {
  #work = 0;
  #timer: NodeJS.Timeout | undefined;

  /** So much has been done. */
  note(work: number): void {
    this.#work += work;
    if (this.#work < burst) return;
    this.#timer ??= setTimeout(() => {
      [this.#timer, this.#work] = [undefined, 0];
      trimHeap();
    }, idleBeforeTrim);
    this.#timer.refresh();
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
