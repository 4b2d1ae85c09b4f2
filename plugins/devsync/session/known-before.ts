/** What is known of a container before anything is synced with it: what was agreed on, or what its image began with. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Maybe } from '../reconcile/entry.ts';
import { successorAncestor } from '../reconcile/successor.ts';
import { AncestorStore } from './ancestor-store.ts';
import type { Location } from './location.ts';
import { Manifests } from './manifests.ts';

export class KnownBefore {
  readonly ancestor: AncestorStore;
  readonly #folder: string;
  readonly #binding: string;
  readonly #mark: Mark;
  readonly #isKnown: boolean;

  /**
   * Loads what both sides agreed on in this place.
   *
   * @param folder of the sync, on the workstation.
   */
  constructor(folder: string, binding: string) {
    this.ancestor = new AncestorStore(folder);
    this.#folder = folder;
    this.#binding = binding;
    this.#mark = new Mark(join(folder, 'successor'), binding);
    this.#isKnown = this.ancestor.load(binding);
  }

  /** The container follows another one of its image, and its first reconciliation has not come to its end. */
  get isSuccessor(): boolean {
    return this.#mark.isSet;
  }

  /** Begins anew where nothing was agreed on. @param tree what the container holds now. */
  begin({ origin }: Pick<Location, 'origin'>, tree: Maybe): void {
    if (this.#isKnown) return;
    const manifests = new Manifests(this.#folder);
    const manifest = origin === undefined ? undefined : manifests.get(origin);
    if (origin !== undefined && manifest === undefined) manifests.keep(origin, tree);
    // First, since with an ancestor nobody asks again.
    if (manifest !== undefined) this.#mark.set();
    this.ancestor.begin(this.#binding, successorAncestor(manifest, tree));
  }

  /** The first reconciliation has come to its end. */
  settle(): void {
    this.#mark.clear();
  }
}

/** Outlives a stream that breaks, and a process that dies. */
class Mark {
  readonly #file: string;
  readonly #binding: string;

  constructor(file: string, binding: string) {
    this.#file = file;
    this.#binding = binding;
  }

  get isSet(): boolean {
    try {
      return readFileSync(this.#file, 'utf8') === this.#binding;
    } catch {
      return false;
    }
  }

  set(): void {
    writeFileSync(this.#file, this.#binding, { mode: 0o600 });
  }

  clear(): void {
    rmSync(this.#file, { force: true });
  }
}
