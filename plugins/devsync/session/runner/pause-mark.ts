/** That a person has paused a sync, as a file of this workstation: it outlives the process that was asked. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../../src/async/until.ts';

export class PauseMark {
  readonly #path: string;
  #removed = Promise.withResolvers<void>();

  /** @param folder of the sync on this workstation */
  constructor(folder: string) {
    this.#path = join(folder, 'paused');
  }

  get isSet(): boolean {
    return existsSync(this.#path);
  }

  set(): void {
    writeFileSync(this.#path, '', { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.#path, { force: true });
    this.#removed.resolve();
    this.#removed = Promise.withResolvers();
  }

  /** Resolves when it is removed here, or when the signal says stop. */
  async untilRemoved(signal: AbortSignal): Promise<void> {
    if (this.isSet) await until(this.#removed.promise, signal).catch(() => {});
  }
}
