/** What an endpoint keeps of its root: the metadata folder with staging and trash in it, opened, found again, closed. */
import { lstatSync, renameSync } from 'node:fs';
import { InPlaceFiles } from '../apply/in-place.ts';
import { Staging } from '../contents/staging.ts';
import { Folder } from '../files/folder.ts';
import {
  hideFromGit,
  type MetadataFolder,
  openMetadataFolder,
  removeMetadataFolder,
} from '../metadata/metadata-folder.ts';
import { isPrecise, writeOwn } from '../metadata/probe.ts';
import { DigestCache, readWhole, type SharedDigests } from '../scan/digest.ts';
import { Trash } from '../trash/trash.ts';

export interface StorageOptions {
  readonly root: string;
  /** Where the metadata folder may be outside of the root, the best place first. */
  readonly metadataCandidates?: readonly string[];
  /** Bytes. */
  readonly trashLimit: number;
  /** What other endpoints of this root know of it. */
  readonly digests?: SharedDigests | undefined;
  /** Bytes of what may be staged at a time; the disk alone bounds it where this is left out. */
  readonly stagingLimit?: number | undefined;
}

export class EndpointStorage {
  readonly #options: StorageOptions;
  #metadata!: MetadataFolder;
  #staging!: Staging;
  #trash!: Trash;
  #inPlace!: InPlaceFiles;
  /** Which root it was opened for. */
  readonly #opened: { readonly inode: number; readonly rootId: string };

  /** Throws where the root is no directory that can be worked in. */
  constructor(options: StorageOptions) {
    this.#options = options;
    this.#open();
    try {
      this.#opened = { inode: this.#rootInode, rootId: this.#metadata.rootId };
      hideFromGit(this.#metadata.folder);
    } catch (error) {
      // The next attempt must not find an open staging folder of ours.
      this.close();
      throw error;
    }
  }

  get metadata(): MetadataFolder {
    return this.#metadata;
  }

  get staging(): Staging {
    return this.#staging;
  }

  get trash(): Trash {
    return this.#trash;
  }

  get inPlace(): InPlaceFiles {
    return this.#inPlace;
  }

  /** Opens the folder anew where it was taken away meanwhile (`git clean -fdx`), under the root's id. */
  reopenIfGone(): void {
    try {
      const before = [this.#staging, this.#trash, this.#metadata.folder];
      const now = lstatSync(this.#metadata.path, { throwIfNoEntry: false });
      if (now?.ino === this.#metadata.folder.self.ino && this.#staging.isThere) return;
      // Another root gets an id of its own.
      this.#open(this.#rootInode === this.#opened.inode ? this.#opened.rootId : undefined);
      for (const one of before) one.close();
      hideFromGit(this.#metadata.folder);
    } catch {
      // The root itself has gone, or is full: whatever is done next says so.
    }
  }

  /** The digests that other endpoints of this root have found out, or an earlier process. */
  loadDigests(): DigestCache {
    const { digests = {} } = this.#options;
    digests.cache ??= this.#loadDigests();
    return digests.cache;
  }

  #loadDigests(): DigestCache {
    const cache = new DigestCache(isPrecise(this.#staging.folder));
    try {
      cache.load(readWhole(this.#metadata.folder.at('digests')).toString());
    } catch {
      // The first time.
    }
    return cache;
  }

  /** Keeps digests for the next process. */
  saveDigests(cache: DigestCache): void {
    const { folder } = this.#metadata;
    try {
      writeOwn(folder, 'digests.new', [...cache.serialize()].join(''));
      renameSync(folder.at('digests.new'), folder.at('digests'));
    } catch {
      // It only saves time.
    }
  }

  close(): void {
    for (const one of [this.#staging, this.#trash, this.#metadata.folder]) one.close();
  }

  /** Removes everything of ours, inside of the root and outside. */
  remove(): void {
    removeMetadataFolder(this.#options.root, this.#options.metadataCandidates ?? []);
  }

  #open(rootId?: string): void {
    const { root, metadataCandidates = [], trashLimit, stagingLimit } = this.#options;
    const metadata = openMetadataFolder(root, metadataCandidates, rootId);
    const trash = new Trash(metadata.folder.make('trash'), trashLimit);
    const staging = new Staging(metadata.folder.make('staging'), stagingLimit);
    [this.#metadata, this.#staging, this.#trash] = [metadata, staging, trash];
    this.#inPlace = new InPlaceFiles(metadata.folder, root, staging);
  }

  get #rootInode(): number {
    using root = Folder.root(this.#options.root);
    return root.self.ino;
  }
}
