/** A line for each change, a few a second; of the rest in each second a sum. */
import type { Clock } from '../../../../src/clock.ts';
import { placeOf } from '../../objects/keys.ts';
import { type Change, changeText } from './change.ts';

/** Lines a second, and lines of a sum. */
const [MOST_LINES, MOST_SUMS] = [5, 4];
const SECOND_MS = 1000;

export interface ChangeLinesOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly line: (text: string) => void;
}

export class ChangeLines {
  readonly #options: ChangeLinesOptions;
  #begunAt = Number.NEGATIVE_INFINITY;
  #told = 0;
  /** What was not told in this second, by what was done, kind, namespace and replica. */
  readonly #rest = new Map<string, number>();

  constructor(options: ChangeLinesOptions) {
    this.#options = options;
  }

  note(change: Change): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#begunAt >= SECOND_MS) this.#begin(now);
    if (this.#told < MOST_LINES) {
      this.#told++;
      this.#options.line(changeText(change));
      return;
    }
    const { kind, namespace } = placeOf(change.key);
    const place = `${change.did} # ${kind}${namespace === '' ? '' : ` in ${namespace}`} on ${change.replica}`;
    this.#rest.set(place, (this.#rest.get(place) ?? 0) + 1);
  }

  /** Tells the sums of seconds in which nothing more comes, until the signal aborts, and then the last one. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(SECOND_MS, signal).catch(() => undefined);
      if (clock.monotonic() - this.#begunAt >= SECOND_MS) this.flush();
    }
    this.flush();
  }

  /** Tells the sum of what was not told. */
  flush(): void {
    const sums = [...this.#rest].sort(([, a], [, b]) => b - a);
    this.#rest.clear();
    for (const [place, count] of sums.slice(0, MOST_SUMS))
      this.#options.line(`… ${place.replace('#', `${count} more`)}`);
    const others = sums.slice(MOST_SUMS);
    if (others.length === 0) return;
    const count = others.reduce((sum, [, one]) => sum + one, 0);
    this.#options.line(`… and ${count} more of ${others.length} other kinds, namespaces or replicas`);
  }

  #begin(now: number): void {
    this.flush();
    this.#begunAt = now;
    this.#told = 0;
  }
}
