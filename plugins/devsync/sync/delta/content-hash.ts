/**
 * The digest (SHA-256) of a large content that begins as an earlier version did: what both begin with is not hashed again.
 * Whether a part is the same is told by a code whose key never leaves this process, so nobody can make another part that
 * has it.
 */
import { createHash, type Hash } from 'node:crypto';
import { ContentCode, newCodeKey } from './content-code.ts';

/** A part of a content. */
export interface Mark {
  readonly code: string;
  /** Of the content up to the end of this part; only to be copied. */
  readonly state: Hash;
}

/** Bytes that a mark takes, about. */
export const markSize = 700;
/** Only so many parts are marked; of what is behind them, all is hashed. */
const mostMarks = 4096;

const key = newCodeKey();

export class ContentHash {
  readonly #before: readonly Mark[];
  readonly #partSize: number;
  readonly #marks: Mark[] = [];
  /** Once something is not as it was. */
  #hash: Hash | undefined;
  /** The next part begins where a part of another version does. */
  #isAligned = true;

  /** @param partSize bytes of each part, but for the last one. @param before the parts of an earlier version. */
  constructor(partSize: number, before: readonly Mark[] = []) {
    this.#partSize = partSize;
    this.#before = before;
  }

  update(part: Uint8Array): void {
    if (!this.#isAligned || this.#marks.length >= mostMarks) {
      this.#begun().update(part);
      return;
    }
    this.#mark(part);
    // Some file systems give less than they are asked for, and go on.
    this.#isAligned = part.length === this.#partSize;
  }

  /** In hex, of all parts; none may follow. */
  digest(): string {
    return this.#begun().digest('hex');
  }

  /** For the next version. */
  get marks(): readonly Mark[] {
    return this.#marks;
  }

  #mark(part: Uint8Array): void {
    const code = codeOf(part);
    const before = this.#hash ? undefined : this.#before[this.#marks.length];
    if (before?.code === code) {
      this.#marks.push(before);
      return;
    }
    const hash = this.#begun();
    hash.update(part);
    this.#marks.push({ code, state: hash.copy() });
  }

  #begun(): Hash {
    this.#hash ??= this.#marks.at(-1)?.state.copy() ?? createHash('sha256');
    return this.#hash;
  }
}

/** It tells the part's length as well. */
function codeOf(part: Uint8Array): string {
  const code = new ContentCode(key);
  code.update(part);
  return code.end();
}
