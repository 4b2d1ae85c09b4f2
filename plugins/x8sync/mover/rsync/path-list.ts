/** Lists of paths for rsync's --files-from --from0. */

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
export class PathList {
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
