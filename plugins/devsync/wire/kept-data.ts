/**
 * What has crossed a line lately, and may be named instead of being sent once more. Both ends count alike and drop the
 * oldest at the same point, so that they need not tell each other.
 */
import { ProtocolError } from './check.ts';

/** Bytes that are kept. */
const keptBytes = 16 << 20;

/** Numbers things in their order, and says which of them are to be dropped. */
class Numbers {
  readonly #sizes: number[] = [];
  #bytes = 0;
  /** The first that is kept yet, and the next one. */
  oldest = 0;
  next = 0;

  /** Returns the number. */
  add(bytes: number): number {
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    while (this.#bytes > keptBytes && this.#sizes.length > 1) {
      this.#bytes -= this.#sizes.shift() ?? 0;
      this.oldest++;
    }
    return this.next++;
  }
}

/** At the end that gets it. */
export class KeptData {
  readonly #numbers = new Numbers();
  readonly #data = new Map<number, Buffer>();

  /** Keeps it, and returns it. */
  keep(data: Buffer): Buffer {
    const before = this.#numbers.oldest;
    this.#data.set(this.#numbers.add(data.length), data);
    for (let number = before; number < this.#numbers.oldest; number++) this.#data.delete(number);
    return data;
  }

  /** @throws {ProtocolError} it is not kept any more */
  find(number: number): Buffer {
    const data = this.#data.get(number);
    if (data === undefined) throw new ProtocolError('data that is not kept any more');
    return data;
  }
}

/** At the end that sends it. */
export function keptMarks() {
  const numbers = new Numbers();
  const marks = new WeakMap<Uint8Array, number>();
  return {
    keep: (data: Uint8Array): void => void marks.set(data, numbers.add(data.length)),
    /** Its number, where the other end has it yet. */
    find(data: Uint8Array): number | undefined {
      const number = marks.get(data);
      return number !== undefined && number >= numbers.oldest ? number : undefined;
    },
  };
}
