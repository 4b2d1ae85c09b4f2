/**
 * What is remembered of an image: what its first container began with, what that wrote itself while it started, and which
 * of it this workstation has ever had. The rest is the container's alone: that it is not here was never a deletion.
 */
import { type MaybeEntry, shallow, type Tracked, trackedPart } from '../../reconcile/entry.ts';
import { common, type Edit, edited, lookup, missingFrom, splitPath } from '../../reconcile/tree.ts';
import type { Manifests } from './manifests.ts';

export type TwoManifests = readonly [began: MaybeEntry, wrote: MaybeEntry];

export class ImageRecord {
  readonly #manifests: Manifests;
  readonly #names: { readonly began: string; readonly wrote: string; readonly shared: string };
  /** All of it. */
  readonly whole: TwoManifests;
  /** What of it this workstation had had when this container came. */
  readonly shared: TwoManifests;
  /** The paths that this workstation has had; what is there is the image's. */
  #shared: MaybeEntry;
  /** What this workstation has never had. */
  #unshared: TwoManifests;
  /** Found here, and not written down yet. */
  readonly #found = new Map<string, Edit>();

  /** @param seed what a container begins with, and writes as it starts, is the same wherever this is. */
  constructor(manifests: Manifests, seed: string) {
    this.#manifests = manifests;
    this.#names = { began: seed, wrote: `written in ${seed}`, shared: `shared in ${seed}` };
    this.whole = [manifests.get(seed), manifests.get(this.#names.wrote)];
    this.#shared = manifests.get(this.#names.shared);
    this.shared = [common(this.whole[0], this.#shared), common(this.whole[1], this.#shared)];
    this.#unshared = [missingFrom(this.whole[0], this.#shared), missingFrom(this.whole[1], this.#shared)];
  }

  /** Keeps what the first container begins with. */
  keepBegun(tree: MaybeEntry): void {
    this.#manifests.keep(this.#names.began, tree);
    this.#unshared = [missingFrom(trackedPart(tree), this.#shared), this.#unshared[1]];
  }

  /** Keeps what the first container has written itself. */
  keepWritten(tree: MaybeEntry): void {
    this.#manifests.keep(this.#names.wrote, tree);
    this.#unshared = [this.#unshared[0], missingFrom(tree, this.#shared)];
  }

  /** This workstation has something at these paths. */
  found(paths: Iterable<string>): void {
    if (this.#unshared.every((tree) => tree === undefined)) return;
    for (const path of paths) this.#note(path);
  }

  #note(path: string): void {
    const [began, wrote] = this.#unshared;
    const entry = lookup(began, path) ?? lookup(wrote, path);
    if (entry === undefined || this.#found.has(path) || lookup(this.#shared, path) !== undefined) return;
    // The directories above it come first.
    if (path !== '') this.#note(splitPath(path)[0]);
    this.#found.set(path, [path, shallow(entry as Tracked)]);
  }

  /** Writes down what was found; costs nothing where that is nothing. */
  save(): void {
    if (this.#found.size === 0) return;
    const { shared } = this.#names;
    // Read anew: other containers of the image may have written to it.
    this.#shared = edited(this.#manifests.get(shared), this.#found.values());
    this.#manifests.keep(shared, this.#shared);
    const [began, wrote] = this.#unshared;
    this.#unshared = [missingFrom(began, this.#shared), missingFrom(wrote, this.#shared)];
    this.#found.clear();
  }
}
