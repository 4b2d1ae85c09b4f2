/** Streams of bytes as lines. */
import { StringDecoder } from 'node:string_decoder';

/** Longer lines come in pieces: no program that is started here writes any. */
const longest = 1 << 20;

/**
 * Hands on whole lines, whatever pieces the bytes come in; a last line without an end comes with `end`. Since
 * nothing ever reads with a time limit, nothing is lost where a writer is slow.
 */
export class LineSplitter {
  readonly #decoder: StringDecoder;
  readonly #ends: RegExp;
  readonly #take: (line: string) => void;
  #rest = '';

  /** @param ends what ends a line: a line feed, or a carriage return as well (progress on a terminal). */
  constructor(
    take: (line: string) => void,
    { encoding = 'utf8', ends = /\n/ }: { encoding?: 'utf8' | 'latin1'; ends?: RegExp } = {},
  ) {
    this.#decoder = new StringDecoder(encoding);
    this.#ends = ends;
    this.#take = take;
  }

  push(chunk: Buffer): void {
    this.#feed(this.#decoder.write(chunk));
  }

  /** No more bytes will come. */
  end(): void {
    this.#feed(this.#decoder.end());
    if (this.#rest !== '') this.#take(this.#rest);
    this.#rest = '';
  }

  #feed(text: string): void {
    const lines = text.split(this.#ends);
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    if (this.#rest.length > longest) {
      this.#take(this.#rest);
      this.#rest = '';
    }
  }
}

/** What is at most so many bytes of UTF-8 long, with an ellipsis where something was cut off. */
export function cut(text: string, bytes: number): string {
  const all = Buffer.from(text);
  if (all.length <= bytes) return text;
  // A decoder keeps back the bytes of a character that is not whole.
  return `${new StringDecoder('utf8').write(all.subarray(0, bytes))}…`;
}
