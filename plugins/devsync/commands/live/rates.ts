/** Bytes a second, of counters that are looked at now and then. */

/** Milliseconds that a rate is taken over. */
const window = 2_000;

interface Seen {
  readonly at: number;
  readonly bytes: number;
}

export class Rates {
  readonly #seen = new Map<string, Seen[]>();

  /** Notes a counter. @param now monotonic milliseconds. Returns its rate. */
  note(name: string, bytes: number, now: number): number {
    const before = this.#seen.get(name) ?? [];
    // A counter that has become smaller has begun anew.
    const kept = before.filter((one) => now - one.at <= window && one.bytes <= bytes);
    this.#seen.set(name, [...kept, { at: now, bytes }]);
    const [oldest] = kept;
    if (oldest === undefined || now <= oldest.at) return 0;
    return ((bytes - oldest.bytes) * 1000) / (now - oldest.at);
  }
}
