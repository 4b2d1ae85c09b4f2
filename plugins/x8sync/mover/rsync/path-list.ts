/** Lists of paths for rsync's --files-from --from0. */

const end = Buffer.from([0]);
const firstBytes = 65_536;

/**
 * What stands before each path. Without a dot, a name that begins with `#` or `;` would be a comment, and one with `-` might be
 * an option. A folder stands in the list and not in the source's name, where a daemon would read it as a pattern; what comes
 * after the second dot is the path at the target (rsync(1), --relative).
 */
const prefixOf = (folder: string) => Buffer.from(folder === '' ? './' : `./${folder}/./`);

/**
 * Paths as rsync's --files-from --from0 reads them.
 *
 * @param folder of the volume, which they are below; empty for its root.
 */
export function listOf(paths: readonly Buffer[], folder: string): Buffer {
  const list = new PathList(folder);
  for (const path of paths) list.add(path);
  return list.take();
}

/** Such a list while it grows: one buffer, since one for each of a million paths takes ten times their bytes. */
export class PathList {
  readonly #prefix: Buffer;
  #bytes = Buffer.allocUnsafe(firstBytes);
  #length = 0;

  /** @param folder see {@link listOf}. */
  constructor(folder: string) {
    this.#prefix = prefixOf(folder);
  }

  add(path: Buffer): void {
    for (const part of [this.#prefix, path, end]) {
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
