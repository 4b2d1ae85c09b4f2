/**
 * Sessions that send the same contents stay close to each other, so that what was read, packed and sent for one of them is
 * there yet when the others want it. Who is ahead waits for who is behind, but never for long: one that comes no
 * further holds up nobody, and catches up by itself.
 */
import { limited } from '../../../../src/async/until.ts';
import type { Clock } from '../../../../src/clock.ts';

/** Bytes that one may be ahead of another. With the batches that are under way it is less than what is kept. */
const mostAhead = 4 << 20;
/** Milliseconds for which others wait, in all, for one that comes no further: it may only be about to begin. */
const patienceMs = 1_000;
/** What it earns with each mebibyte that it takes: nobody is slowed down by another below 25 MiB a second. */
const earnedMs = 40;

/** How far a session is in what all of them send now. */
export interface Place {
  bytes: number;
  /** How long others may yet wait for it, in milliseconds. */
  patienceMs: number;
  /** Resolves when it comes further, or ends. */
  moved: PromiseWithResolvers<void>;
}

export class Pace {
  readonly #clock: Clock;
  /** Bytes after which what one has sent is not kept any more. */
  readonly #kept: number;
  readonly #places = new Set<Place>();
  #waiting = 0;

  constructor(clock: Clock, kept: number) {
    this.#clock = clock;
    this.#kept = kept;
  }

  join(): Place {
    const place = { bytes: 0, patienceMs, moved: Promise.withResolvers<void>() };
    this.#places.add(place);
    return place;
  }

  leave(place: Place): void {
    this.#places.delete(place);
    place.moved.resolve();
  }

  /** One takes so many bytes more. */
  advance(place: Place, bytes: number): void {
    place.bytes += bytes;
    place.patienceMs = Math.min(patienceMs, place.patienceMs + (earnedMs * bytes) / (1 << 20));
    place.moved.resolve();
    place.moved = Promise.withResolvers();
  }

  /** Whether one waits: what it has sent is for others. */
  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Nothing is under way: what comes next, all of them begin with together. */
  rest(): void {
    for (const place of this.#places) Object.assign(place, { bytes: 0, patienceMs });
  }

  /** Waits for those that would lose touch. Rejects with the signal's reason. */
  async awaitOthers(place: Place, signal: AbortSignal): Promise<void> {
    this.#waiting++;
    try {
      await this.#untilTogether(place, signal);
    } finally {
      this.#waiting--;
    }
  }

  async #untilTogether(place: Place, signal: AbortSignal): Promise<void> {
    for (let behind = this.#behind(place); behind.length > 0; behind = this.#behind(place)) {
      const limitMs = Math.max(...behind.map((one) => one.patienceMs));
      const since = this.#clock.monotonic();
      const moved = Promise.race(behind.map((one) => one.moved.promise));
      const isLate = await limited(moved, limitMs, () => new Late(), this.#clock, signal).then(
        () => false,
        (error) => {
          if (error instanceof Late) return true;
          throw error;
        },
      );
      const waited = isLate ? limitMs : this.#clock.monotonic() - since;
      for (const one of behind) one.patienceMs = Math.max(0, one.patienceMs - waited);
    }
  }

  /** One for which nothing is kept any more reads for itself, and is not waited for. */
  #behind({ bytes }: Place): Place[] {
    return [...this.#places].filter((other) => {
      const lead = bytes - other.bytes;
      return lead > mostAhead && lead <= this.#kept && other.patienceMs > 0;
    });
  }
}

/** Nobody comes further in time. */
class Late extends Error {}
