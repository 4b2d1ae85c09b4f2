/** Cuts a stream of files into partitions, in the order in which they come. */
import { PathList } from '../rsync/path-list.ts';
import { type PartitionLimits, weightOf } from './choice.ts';

export interface Partition {
  /** From 1. */
  readonly number: number;
  readonly files: number;
  readonly bytes: number;
  /** Paths of the source's volume, each as rsync's --files-from --from0 reads it. */
  readonly list: Buffer;
}

export class PartitionCutter {
  readonly #limits: PartitionLimits;
  #number = 1;
  #files = 0;
  #bytes = 0;
  #weight = 0;
  readonly #list: PathList;

  /** @param folder of the volume, which the paths are below; empty for its root. */
  constructor(limits: PartitionLimits, folder: string) {
    this.#limits = limits;
    this.#list = new PathList(folder);
  }

  /** Adds a file; returns the partition that it fills, if it fills one. */
  add(bytes: number, path: Buffer): Partition | undefined {
    this.#files += 1;
    this.#bytes += bytes;
    this.#weight += weightOf(bytes);
    this.#list.add(path);
    const { weight, files, bytes: most, partitions } = this.#limits;
    const isFull = this.#weight >= weight || this.#files >= files || this.#bytes >= most;
    return isFull && this.#number < partitions ? this.rest() : undefined;
  }

  /** The partition that is not full; undefined where nothing is in it. */
  rest(): Partition | undefined {
    if (this.#files === 0) return undefined;
    const list = this.#list.take();
    const partition = { number: this.#number, files: this.#files, bytes: this.#bytes, list };
    this.#number += 1;
    [this.#files, this.#bytes, this.#weight] = [0, 0, 0];
    return partition;
  }
}
