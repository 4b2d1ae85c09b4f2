/** What containers of an image held when they were first seen, before anything was synced into them, and wrote then. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Maybe, shallow, type Tracked, trackedPart, walk } from '../reconcile/entry.ts';
import { type Edit, edited } from '../reconcile/tree.ts';
import { asEdits, packEdits } from '../wire/check.ts';

/** Images come and go; the last ten are enough, with two manifests each. */
const kept = 20;

export class Manifests {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'manifests');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  get(origin: string): Maybe {
    try {
      const text = gunzipSync(readFileSync(this.#fileOf(origin))).toString();
      return edited(undefined, asEdits(JSON.parse(text)));
    } catch {
      return undefined;
    }
  }

  keep(origin: string, tree: Maybe): void {
    const edits = [...walk(trackedPart(tree))].map(
      ([path, entry]): Edit => [path, shallow(entry as Tracked)],
    );
    const file = this.#fileOf(origin);
    // Half a manifest would count as none, and the next one has our own work in it.
    writeFileSync(`${file}.new`, gzipSync(JSON.stringify(packEdits(edits))), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#forgetOld();
  }

  #fileOf(origin: string): string {
    return join(this.#folder, `${createHash('sha256').update(origin).digest('hex').slice(0, 32)}.gz`);
  }

  #forgetOld(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const byAge = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const file of byAge.slice(kept)) rmSync(file, { force: true });
  }
}
