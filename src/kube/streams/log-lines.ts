/** A container's log as it comes over the wire: bytes to lines, and which of them were there before. */

const lineFeed = 0x0a;

/** One line of a log that was asked for with timestamps. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, of the node's clock; empty where the line bears none. */
  readonly time: string;
  readonly text: string;
}

/**
 * Lines of a body; of longer ones the first `maxBytes` and an ellipsis. An unfinished last line counts as one
 * only where the body ended properly.
 */
export async function* splitLines(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<LogLine> {
  const kept: Uint8Array[] = [];
  let length = 0;
  let isCut = false;
  const keep = (part: Buffer) => {
    const room = maxBytes - length;
    if (part.length > room) isCut = true;
    if (room > 0 && part.length > 0) kept.push(part.subarray(0, room));
    length += Math.min(part.length, Math.max(0, room));
  };
  const finish = () => {
    const line = Buffer.concat(kept).toString() + (isCut ? '…' : '');
    kept.length = 0;
    length = 0;
    isCut = false;
    return parseLine(line);
  };
  for await (const chunk of body) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end !== -1; end = buffer.indexOf(lineFeed, start)) {
      keep(buffer.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    keep(buffer.subarray(start));
  }
  if (length > 0) yield finish();
}

function parseLine(line: string): LogLine {
  const [, time, text] = /^(\d{4}-\d\d-\d\dT\S+) (.*)$/s.exec(line) ?? [];
  return time === undefined || text === undefined ? { time: '', text: line } : { time, text };
}

/** How far behind the newest line an unseen one may be: stdout and stderr are stamped independently. */
const disorderMs = 1_000;

/**
 * Remembers the newest lines by their time, so that a log that is read again from there gives none twice and
 * leaves none out, whatever their order, and also where the older part was rotated away meanwhile.
 */
export class SeenLines {
  /** How many lines were seen of each time since `#from`. */
  #seen = new Map<string, number>();
  /** What is still to come again of those after a reopening. */
  #again = new Map<string, number>();
  #from = -Infinity;
  #first: string | undefined;

  /** Whether the line is a new one. */
  add({ time }: LogLine): boolean {
    this.#first ??= time;
    // Reading again may begin before the line that the first reading began with (`tailLines`, `sinceSeconds`).
    if (time < this.#first) return false;
    const due = this.#again.get(time) ?? 0;
    if (due > 0) {
      this.#again.set(time, due - 1);
      return false;
    }
    this.#seen.set(time, (this.#seen.get(time) ?? 0) + 1);
    const from = secondOf(Date.parse(time) - disorderMs);
    if (from > this.#from) this.#forget(from);
    return true;
  }

  /** Where to read from again: the query's `sinceTime`, or undefined where nothing was seen. */
  reopen(): string | undefined {
    this.#again = new Map(this.#seen);
    return Number.isFinite(this.#from) ? new Date(this.#from).toISOString() : undefined;
  }

  #forget(from: number): void {
    this.#from = from;
    for (const time of this.#seen.keys()) if (Date.parse(time) < from) this.#seen.delete(time);
  }
}

/** The API server passes `sinceTime` on in whole seconds. */
function secondOf(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
