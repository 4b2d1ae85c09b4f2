/**
 * Manifests of images: the files that a container of an image had before anything was synced into it, those that it
 * wrote itself while it started, and which of them this workstation has had.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type MaybeEntry, shallow, type Tracked, trackedPart, walk } from '../../reconcile/entry.ts';
import { type Edit, edited } from '../../reconcile/tree.ts';
import { codeOf } from '../../sync/files/system-error.ts';
import { asEdits, packEdits } from '../../wire/check.ts';
import { describeSetAside, type OnRemark, readStateFile, replaceStateFile, setAside } from './state-files.ts';

/** Images come and go; the last ten are enough, with three files each. */
const kept = 30;

/** What stands in the place of the folder, or may not be entered, says so with these. */
const notUsable = ['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM'];

export class Manifests {
  readonly #folder: string;
  readonly #onTrouble: OnRemark;

  /** @param onTrouble told of what cannot be read: without a manifest, a container is a first one. */
  constructor(folder: string, onTrouble: OnRemark = () => {}) {
    this.#folder = join(folder, 'manifests');
    this.#onTrouble = onTrouble;
    try {
      this.#open();
    } catch (error) {
      if (!notUsable.includes(codeOf(error))) throw error;
      onTrouble(describeSetAside('what the images hold', error, setAside(this.#folder)));
      this.#open();
    }
  }

  #open(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    accessSync(this.#folder, constants.R_OK | constants.W_OK | constants.X_OK);
  }

  get(origin: string): MaybeEntry {
    const data = readStateFile(this.#fileOf(origin), 'what an image holds', this.#onTrouble);
    if (data === undefined) return undefined;
    try {
      const text = gunzipSync(data).toString();
      return edited(undefined, asEdits(JSON.parse(text)));
    } catch {
      return undefined;
    }
  }

  keep(origin: string, tree: MaybeEntry): void {
    const edits = [...walk(trackedPart(tree))].map(
      ([path, entry]): Edit => [path, shallow(entry as Tracked)],
    );
    // Half a manifest would count as none, and the next one has our own work in it.
    replaceStateFile(this.#fileOf(origin), gzipSync(JSON.stringify(packEdits(edits))));
    this.#forgetOld();
  }

  #fileOf(origin: string): string {
    return join(this.#folder, `${createHash('sha256').update(origin).digest('hex').slice(0, 32)}.gz`);
  }

  #forgetOld(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const byAge = files.sort((a, b) => lstatSync(b).mtimeMs - lstatSync(a).mtimeMs);
    for (const file of byAge.slice(kept)) rmSync(file, { recursive: true, force: true });
  }
}
