/** The digest of a file's content. */
import { createHash, hash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/** What is read at once. */
const bufferBytes = 1 << 20;
/** Other work has its turn after so many bytes of a large file. */
const turnBytes = 32 << 20;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface Digested {
  /** As they were before the first byte was read. */
  readonly stats: BigIntStats;
  /** SHA-256 in base64url. */
  readonly digest: string;
  /** Bytes that were read. */
  readonly bytes: number;
}

/** Reads files one after the other, by one buffer. */
export class Digester {
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  readonly #read: (bytes: number) => void;

  /** @param read told of bytes as they are read. */
  constructor(read: (bytes: number) => void) {
    this.#read = read;
  }

  /**
   * The digest of a small file at once, or a promise of that of a larger one: promises cost more than a small file.
   *
   * @throws Error of the file system; a link in the file's place is not followed.
   */
  file(path: string | Buffer): Digested | Promise<Digested> {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    let isOpen = true;
    try {
      const stats = fstatSync(fd, { bigint: true });
      const first = stats.size === 0n ? 0 : readSync(fd, this.#buffer, 0, bufferBytes, 0);
      this.#read(first);
      if (first < bufferBytes) {
        const digest = hash('sha256', this.#buffer.subarray(0, first), 'base64url');
        return { stats, digest, bytes: first };
      }
      isOpen = false;
      return this.#large(fd, stats, first);
    } finally {
      if (isOpen) closeSync(fd);
    }
  }

  async #large(fd: number, stats: BigIntStats, first: number): Promise<Digested> {
    try {
      const content = createHash('sha256').update(this.#buffer.subarray(0, first));
      let bytes = first;
      for (let length = first; length > 0; bytes += length) {
        if (bytes % turnBytes < bufferBytes) await turn();
        length = readSync(fd, this.#buffer, 0, bufferBytes, bytes);
        content.update(this.#buffer.subarray(0, length));
        this.#read(length);
      }
      return { stats, digest: content.digest('base64url'), bytes };
    } finally {
      closeSync(fd);
    }
  }
}
