/**
 * How much of contents may be under way without having been taken in. Whatever is under way holds up what is sent behind
 * it, so there is less of it where the line is slow: no more than keeps the line busy.
 */

/** Bytes that may be under way, at most and at least, and until more is known. */
export const contentWindow = 4 << 20;
const [least, first] = [256 << 10, 1 << 20];
/** Milliseconds for which a frame may lie behind others. */
const mostQueued = 150;
/** Milliseconds after which the line may have become another one. */
const memory = 10_000;

interface Stream {
  underWay: number;
  /** Frames that were not taken in yet, in their order. */
  readonly frames: { readonly at: number; readonly bytes: number }[];
}

/** Contents on their way in one direction, by the streams that share the line; senders wait while it is too much. */
export class Outflow {
  readonly #now: () => number;
  readonly #streams = new Map<number, Stream>();
  readonly #waiting = new Set<() => void>();
  #underWay = 0;
  #window = first;
  /** The shortest way there and back lately, and before that: what takes longer has lain behind other frames. */
  #shortest = Number.POSITIVE_INFINITY;
  #shortestBefore = Number.POSITIVE_INFINITY;
  #began = 0;
  #failure: Error | undefined;

  /** @param now monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Bytes that may be under way now. */
  get window(): number {
    return this.#window;
  }

  /** Waits until there is room, then takes it. Each stream has room for one frame, whatever the others do. */
  async take(id: number, bytes: number): Promise<void> {
    const stream = this.#streams.get(id) ?? { underWay: 0, frames: [] };
    this.#streams.set(id, stream);
    while (stream.underWay > 0 && this.#underWay + bytes > this.#window && !this.#failure)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    if (this.#failure) throw this.#failure;
    stream.underWay += bytes;
    this.#underWay += bytes;
    stream.frames.push({ at: this.#now(), bytes });
  }

  /** So much of a stream was taken in at the other end. */
  credit(id: number, bytes: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const taken = Math.min(bytes, stream.underWay);
    stream.underWay -= taken;
    this.#underWay -= taken;
    const frame = stream.frames.shift();
    if (frame) this.#note(frame.bytes, this.#now() - frame.at);
    if (stream.underWay === 0) this.#streams.delete(id);
    this.#wake();
  }

  /** Nobody takes in what is left of this stream. */
  forget(id: number): void {
    this.#underWay -= this.#streams.get(id)?.underWay ?? 0;
    this.#streams.delete(id);
    this.#wake();
  }

  /** Nothing will ever be taken in any more. */
  fail(why: Error): void {
    this.#failure = why;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** A frame was taken in. @param delay milliseconds since it was sent. */
  #note(bytes: number, delay: number): void {
    const now = this.#now();
    if (now - this.#began > memory) {
      [this.#shortestBefore, this.#shortest] = [this.#shortest, delay];
      this.#began = now;
    }
    this.#shortest = Math.min(this.#shortest, delay);
    const queued = delay - Math.min(this.#shortest, this.#shortestBefore);
    const next = queued < mostQueued ? this.#window + bytes : this.#window - bytes;
    this.#window = Math.min(Math.max(next, least), contentWindow);
  }
}
