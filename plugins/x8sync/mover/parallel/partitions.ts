/** Cuts a stream of files into partitions, in the order in which they come. */
import { type PartitionLimits, weightOf } from './choice.ts';

export interface Partition {
  /** From 1. */
  readonly number: number;
  readonly files: number;
  readonly bytes: number;
  /** Paths below the source, each as rsync's --files-from --from0 reads it. */
  readonly list: Buffer;
}

/** Without it, a name that begins with `#` or `;` would be a comment, and one with `-` might be an option. */
const prefix = Buffer.from('./');
const end = Buffer.from([0]);
const firstBytes = 65_536;

/** Paths as rsync's --files-from --from0 reads them. */
export function listOf(paths: readonly Buffer[]): Buffer {
  const list = new PathList();
  for (const path of paths) list.add(path);
  return list.take();
}

/** Such a list while it grows: one buffer, since one for each of a million paths takes ten times their bytes. */
class PathList {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #length = 0;

  add(path: Buffer): void {
    for (const part of [prefix, path, end]) {
      if (this.#length + part.length > this.#bytes.length) this.#grow(part.length);
      this.#length += part.copy(this.#bytes, this.#length);
    }
  }

  /** The list, after which it is empty. */
  take(): Buffer {
    const list = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return list;
  }

  #grow(more: number): void {
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + more);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

export class PartitionCutter {
  readonly #limits: PartitionLimits;
  #number = 1;
  #files = 0;
  #bytes = 0;
  #weight = 0;
  readonly #list = new PathList();

  constructor(limits: PartitionLimits) {
    this.#limits = limits;
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
