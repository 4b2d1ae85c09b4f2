/** Finds the first of several addresses that answers. */
import { pause } from '../system/programs.ts';
import { type Probe, parseAddress, probe } from './addresses.ts';

/** A new probe of each candidate comes so often at first, and later once a second. */
const hurryMs = 100;
const steadyMs = 1000;
const hurriedRounds = 100;
/** Probes at a time, for each candidate. */
const overlap = 3;

export interface Found {
  /** The candidate that answered; undefined where none did in time. */
  readonly address: string | undefined;
  /** Why each of the candidates did not answer. */
  readonly silence: string;
}

/**
 * Probes overlap, so that the first moment possible is not missed while an older probe waits for its lost SYN.
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
  #running = 0;

  constructor(signal: AbortSignal, knock: Probe) {
    this.#signal = signal;
    this.#knock = knock;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.found = promise;
    this.#win = resolve;
  }

  probe(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      if (this.#running >= overlap * candidates.length) return;
      void this.#try(candidate);
    }
  }

  async #try(candidate: string): Promise<void> {
    const address = parseAddress(candidate);
    if (!address) {
      this.#reasons.set(candidate, 'is no address');
      return;
    }
    this.#running += 1;
    const reason = await this.#knock(address, this.#signal);
    this.#running -= 1;
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
