/** The process of a running rsync that receives files: asked by a signal how far it is, and watched within a file. */

import type { Kill } from '../protocol/runtime.ts';
import { runningProcesses, textOf } from '../system/processes.ts';

export class Receiver {
  readonly #parent: number;
  readonly #kill: Kill;

  /** @param parent process id of the rsync that was started. */
  constructor(parent: number, kill: Kill) {
    this.#parent = parent;
    this.#kill = kill;
  }

  /** Has it print a line of progress once it is through with the file that it is at. */
  ask(): void {
    for (const child of this.#children()) this.#kill(child, 'SIGVTALRM');
  }

  /** Bytes that it has written by now, nearly all of them to files; undefined where the kernel does not tell. */
  written(): number | undefined {
    const counts = this.#children().flatMap((child) => writtenBy(child) ?? []);
    // Between two folders of one machine the sender is a child as well, and ahead.
    return counts.length === 0 ? undefined : Math.min(...counts);
  }

  #children(): number[] {
    return runningProcesses()
      .filter(({ name, parent }) => name === 'rsync' && parent === this.#parent)
      .map(({ pid }) => pid);
  }
}

/** As proc(5) has it in `io`. */
function writtenBy(pid: number): number | undefined {
  const [, count] = /^wchar: (\d+)$/m.exec(textOf(`/proc/${pid}/io`)) ?? [];
  return count === undefined ? undefined : Number(count);
}
