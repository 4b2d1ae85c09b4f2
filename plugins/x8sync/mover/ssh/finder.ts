/** Finds the first of several addresses that answers. */
import { pause } from '../system/programs.ts';
import { answerMs, noAnswer, type Probe, type ProbeOptions, parseAddress, probe } from './addresses.ts';

/** A new probe of each candidate comes so often at first, and later once a second. */
const hurryMs = 100;
const steadyMs = 1000;
const hurriedRounds = 100;
/** Probes at a time, for each candidate. */
const overlap = 3;
/** As long as our sshd waits for a client. */
const longestBannerMs = 20_000;

export interface Found {
  /** The candidate that answered; undefined where none did in time. */
  readonly address: string | undefined;
  /** Why each of the candidates did not answer. */
  readonly silence: string;
}

/**
 * Probes overlap, so that the first moment possible is not missed while an older probe waits for its lost SYN. Where
 * connections are accepted and stay silent, each probe is work for a server that may be busy already, and many movers
 * that knock without a pause would keep it busy for good: its banner is waited for ever longer, and it is knocked at ever
 * more seldom.
 *
 * @param candidates the addresses known at the moment: read anew for each round.
 * @param limitMs for how long to go on.
 * @param knock how it is found out whether a candidate answers.
 * @throws the signal's reason.
 */
export async function findAddress(
  candidates: () => readonly string[],
  limitMs: number,
  signal: AbortSignal,
  knock: Probe = probe,
): Promise<Found> {
  const over = new AbortController();
  const search = new Search(over.signal, knock);
  const began = performance.now();
  try {
    for (let round = 0; ; round += 1) {
      const known = candidates();
      search.probe(known);
      const waiting = pause(
        round > hurriedRounds ? steadyMs : hurryMs,
        AbortSignal.any([signal, over.signal]),
      );
      const address = await Promise.race([search.found, waiting.then(() => undefined)]);
      if (address !== undefined) return { address, silence: '' };
      if (performance.now() - began >= limitMs) return { address: undefined, silence: search.explain(known) };
    }
  } finally {
    over.abort();
  }
}

class Search {
  readonly found: Promise<string>;
  readonly #signal: AbortSignal;
  readonly #knock: Probe;
  readonly #reasons = new Map<string, string>();
  readonly #win: (address: string) => void;
  readonly #doors = new Map<string, Door>();

  constructor(signal: AbortSignal, knock: Probe) {
    this.#signal = signal;
    this.#knock = knock;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.found = promise;
    this.#win = resolve;
  }

  probe(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      const door = this.#doors.get(candidate) ?? new Door();
      this.#doors.set(candidate, door);
      if (door.isDue) void this.#try(candidate, door);
    }
  }

  async #try(candidate: string, door: Door): Promise<void> {
    const address = parseAddress(candidate);
    if (!address) {
      this.#reasons.set(candidate, 'is no address');
      return;
    }
    const reason = await door.knock((options) => this.#knock(address, this.#signal, options));
    if (reason === undefined) this.#win(candidate);
    else this.#reasons.set(candidate, reason);
  }

  explain(candidates: readonly string[]): string {
    if (candidates.length === 0) return 'no address of the source was given';
    return candidates
      .map((candidate) => `${candidate}: ${this.#reasons.get(candidate) ?? 'no answer'}`)
      .join('; ');
  }
}

/** How often one candidate is knocked at, and how long each time. */
class Door {
  #running = 0;
  /** Of those that run, how many were accepted. */
  #accepted = 0;
  #bannerMs = answerMs;
  #knockedAt = 0;

  get isDue(): boolean {
    if (this.#running >= overlap) return false;
    return this.#accepted === 0 || performance.now() - this.#knockedAt >= this.#bannerMs / overlap;
  }

  async knock(attempt: (options: ProbeOptions) => ReturnType<Probe>): Promise<string | undefined> {
    const bannerMs = this.#bannerMs;
    let isAccepted = false;
    const accepted = () => {
      isAccepted = true;
      this.#accepted += 1;
    };
    this.#knockedAt = performance.now();
    this.#running += 1;
    const reason = await attempt({ bannerMs, accepted });
    this.#running -= 1;
    if (isAccepted) this.#accepted -= 1;
    // Once for all those that waited as long side by side.
    if (isAccepted && reason === noAnswer && bannerMs === this.#bannerMs)
      this.#bannerMs = Math.min(longestBannerMs, bannerMs * 2);
    return reason;
  }
}
