/** What is known of a container before anything is synced with it: its ancestor, or what its image started with. */
import { join } from 'node:path';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { successorAncestor } from '../../reconcile/successor.ts';
import { asObject, asText } from '../../wire/check.ts';
import type { Location } from '../pods/location.ts';
import { AncestorStore } from './ancestor-store.ts';
import { ImageRecord } from './image-record.ts';
import { Manifests } from './manifests.ts';
import { type Beginning, beginnings, StartUp, type StartUpTimes } from './start-up.ts';
import { describeSetAside, type OnRemark, readStateFile, replaceStateFile } from './state-files.ts';

export class ContainerHistory {
  readonly ancestor: AncestorStore;
  readonly #manifestFolder: string;
  readonly #binding: string;
  readonly #last: LastContainer;
  readonly #container: string;
  readonly #isKnown: boolean;
  #startUp: StartUp | undefined;
  #image: ImageRecord | undefined;
  readonly #troubles: string[] = [];

  /**
   * Loads what both sides agreed on in this place.
   *
   * @param folder of the sync, on the workstation. @param container the id of the one that is worked with now.
   * @param manifestFolder what images hold is kept there, for all sessions of a sync.
   */
  constructor(folder: string, binding: string, container = binding, manifestFolder = folder) {
    this.ancestor = new AncestorStore(folder);
    this.#manifestFolder = manifestFolder;
    this.#binding = binding;
    this.#container = container;
    this.#last = new LastContainer(join(folder, 'last-container'), this.#onTrouble);
    this.#isKnown = this.#load();
  }

  /** What a person is to know of what was remembered; undefined: nothing. */
  get trouble(): string | undefined {
    return this.#troubles.length === 0 ? undefined : this.#troubles.join('; ');
  }

  readonly #onTrouble: OnRemark = (words) => this.#troubles.push(words);

  /** Where the ancestor cannot be read, the sync begins without one, which deletes and overwrites nothing. */
  #load(): boolean {
    try {
      return this.ancestor.load(this.#binding);
    } catch (error) {
      const words = describeSetAside('what both sides agreed on', error, this.ancestor.setAside());
      this.#onTrouble(`${words}; this is a first sync again`);
      return false;
    }
  }

  /** The container follows another one of its image, and has not come to rest yet. */
  get isSuccessor(): boolean {
    return this.#last.of(this.#container)?.beginning === 'successor';
  }

  /** Whether both sides had agreed on anything here before. */
  get hadAncestor(): boolean {
    return this.#isKnown;
  }

  /** Undefined where the container has started long ago. */
  get startUp(): StartUp | undefined {
    return this.#startUp;
  }

  /** What is remembered of the container's image; undefined before `begin`. */
  get image(): ImageRecord | undefined {
    return this.#image;
  }

  /** Begins anew where nothing was agreed on. @param tree what the container holds now. @param times of its start. */
  begin({ origin, seed }: Pick<Location, 'origin' | 'seed'>, tree: MaybeEntry, times?: StartUpTimes): void {
    const manifests = new Manifests(this.#manifestFolder, this.#onTrouble);
    const image = new ImageRecord(manifests, seed);
    this.#image = image;
    const isImageKnown = image.whole[0] !== undefined;
    const beginning = this.#beginningWith(origin !== undefined && isImageKnown);
    if (!this.#isKnown && !isImageKnown) image.keepBegun(tree);
    // Before the ancestor is written: once there is one, the container is not asked about again.
    this.#last.set({ container: this.#container, beginning });
    if (!this.#isKnown)
      this.ancestor.begin(
        this.#binding,
        origin === undefined ? undefined : successorAncestor(image.shared, tree),
      );
    if (beginning !== undefined)
      this.#startUp = new StartUp({
        beginning,
        manifests: beginning === 'first' ? image.whole : image.shared,
        whole: image.whole,
        times,
        onWritten: (wrote) => image.keepWritten(wrote),
        onOver: () => this.settle(),
      });
  }

  #beginningWith(hasManifest: boolean): Beginning | undefined {
    const last = this.#last.of(this.#container);
    if (!this.#isKnown) return hasManifest ? 'successor' : 'first';
    // The stream broke; or an earlier version, which recorded no container, ran this sync before.
    if (last !== undefined || !this.#last.isKnown) return last?.beginning;
    return 'resumed';
  }

  /** The container has started, and its first reconciliation has come to its end. */
  settle(): void {
    this.#last.set({ container: this.#container, beginning: undefined });
  }
}

interface Begun {
  readonly container: string;
  /** As long as it starts up. */
  readonly beginning: Beginning | undefined;
}

/** The container that was worked with last. Outlives a stream that breaks, and a process that dies. */
class LastContainer {
  readonly #file: string;
  #begun: Begun | undefined;

  constructor(file: string, onTrouble: OnRemark) {
    this.#file = file;
    const data = readStateFile(file, 'which container was worked with last', onTrouble);
    if (data === undefined) return;
    try {
      const { container, beginning } = asObject(JSON.parse(data.toString()), 'a container');
      this.#begun = {
        container: asText(container, 'an id'),
        beginning: beginnings.find((one) => one === beginning),
      };
    } catch {
      // Nothing that says which.
    }
  }

  get isKnown(): boolean {
    return this.#begun !== undefined;
  }

  /** What is known of this very container. */
  of(container: string): Begun | undefined {
    return this.#begun?.container === container ? this.#begun : undefined;
  }

  set(begun: Begun): void {
    this.#begun = begun;
    replaceStateFile(this.#file, JSON.stringify(begun));
  }
}
