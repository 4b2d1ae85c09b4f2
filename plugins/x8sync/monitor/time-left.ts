/**
 * How long a copy will still take, by what has come in the last half minute. It is told once bytes have come for five
 * seconds, and up to a thousand times as long as they have come: a few bytes of the first second say nothing of a month.
 * Pure.
 */
import type { MoverProgress } from '../mover/protocol/protocol.ts';

/** What came before is no rate of now. */
const windowMs = 30_000;
/** What has come for less time is chance. */
const leastMs = 5000;
/** After a pause of so long it begins anew: what comes then has not taken all of that time. */
const pauseMs = 10_000;
/** What was seen for one second tells of so many. */
const mostTimes = 1000;

interface Sample {
  readonly bytes: number;
  readonly at: number;
}

export class TimeLeft {
  /** Of the last half minute, the oldest first. */
  #samples: Sample[] = [];
  /** When bytes began to come. */
  #began = 0;

  /**
   * Seconds until the last byte is there; undefined while the rate says nothing, or nobody knows what is left.
   *
   * @param now milliseconds of a clock that nobody sets.
   */
  next({ bytes, totalBytes, rate, scanning }: MoverProgress, now: number): number | undefined {
    this.#add({ bytes, at: now });
    const [first] = this.#samples;
    // Where no bytes are left, what is left is told by none.
    if (!first || scanning || rate <= 0 || bytes >= totalBytes) return undefined;
    const seenMs = now - this.#began;
    if (seenMs < leastMs || bytes <= first.bytes) return undefined;
    const leftMs = ((totalBytes - bytes) * (now - first.at)) / (bytes - first.bytes);
    return leftMs > seenMs * mostTimes ? undefined : leftMs / 1000;
  }

  #add(sample: Sample): void {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    // Less than before: a comparison, or a mover that took another one's place.
    const isAnew = !last || sample.bytes < last.bytes || sample.at - last.at > pauseMs;
    // Nothing has come so far: files are compared that are there already.
    const isStill = last !== undefined && first?.bytes === last.bytes;
    if (isAnew) this.#samples = [];
    else if (isStill) this.#samples = [last];
    if (isAnew || isStill) this.#began = this.#samples[0]?.at ?? sample.at;
    this.#samples.push(sample);
    // Two are needed for a rate.
    while (this.#samples.length > 2 && sample.at - (this.#samples[0]?.at ?? 0) > windowMs)
      this.#samples.shift();
  }
}
