/** That a person has paused a sync, as a file of this workstation: it outlives the process that was asked. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class PauseMark {
  readonly #path: string;

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
  }
}
