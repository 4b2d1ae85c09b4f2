/** How long whoever gave wrong passwords has to wait before the next one is even looked at. Pure but for what it remembers. */

export interface SlowDownLimits {
  /** So many wrong ones cost nothing. */
  readonly free: number;
  /** Milliseconds, at most; it doubles from one second. */
  readonly mostMs: number;
}

/** An account is slowed down soon, but never for long: who knows its name must not be able to lock it. */
export const accountLimits: SlowDownLimits = { free: 5, mostMs: 30_000 };
/** Many people may be behind one address. */
export const addressLimits: SlowDownLimits = { free: 20, mostMs: 60_000 };

/** Milliseconds without an attempt after which all is forgotten. */
const FORGET_MS = 900_000;
/** Names and addresses that are remembered; the oldest go first. */
const MOST = 10_000;

interface Attempts {
  readonly count: number;
  readonly at: number;
}

export class SlowDown {
  readonly #limits: SlowDownLimits;
  readonly #attempts = new Map<string, Attempts>();

  constructor(limits: SlowDownLimits) {
    this.#limits = limits;
  }

  /** Milliseconds to wait; 0: it may be tried. @param now of a monotonic clock */
  waitMs(key: string, now: number): number {
    const { count, at } = this.#of(key, now);
    const { free, mostMs } = this.#limits;
    if (count < free) return 0;
    return Math.max(0, at + Math.min(mostMs, 1000 * 2 ** (count - free)) - now);
  }

  /** An attempt began: it counts as wrong until it is known to be right, so that many at once gain nothing. */
  begun(key: string, now: number): void {
    const { count } = this.#of(key, now);
    this.#attempts.delete(key);
    this.#attempts.set(key, { count: count + 1, at: now });
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > MOST && oldest !== undefined) this.#attempts.delete(oldest);
  }

  /** All is forgiven. */
  forget(key: string): void {
    this.#attempts.delete(key);
  }

  /** One attempt was right after all. */
  takeBack(key: string): void {
    const found = this.#attempts.get(key);
    if (found) this.#attempts.set(key, { ...found, count: Math.max(0, found.count - 1) });
  }

  #of(key: string, now: number): Attempts {
    const found = this.#attempts.get(key);
    return found && now - found.at < FORGET_MS ? found : { count: 0, at: now };
  }
}

/** What an address counts as: a network of 64 bits is one customer in IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = '', tail = ''] = address.split('::');
  const groups = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const [front = [], back = []] = groups;
  const zeros = address.includes('::')
    ? Array.from({ length: 8 - front.length - back.length }, () => '0')
    : [];
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
