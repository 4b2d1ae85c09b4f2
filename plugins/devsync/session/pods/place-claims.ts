/**
 * Which syncs of a process work with which directories. How their targets are written does not tell whether those are the
 * same: that is known once each has found its container. Of two that overlap, the one that was made later waits.
 */
import { onAbort } from '../../../../src/async/abort.ts';
import { type Place, relationOf } from './place.ts';

/** A sync that works with places. */
export interface PlaceOwner {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** ISO time. */
  readonly createdAt: string;
  /** A person has said that it may overlap with those that were there before. */
  readonly mayOverlap: boolean;
}

export class PlaceClaims {
  readonly #claims = new Set<PlaceClaim>();

  /** The owner has found what it works with. Another owner may have to give way at once. */
  claim(owner: PlaceOwner, place: Place): PlaceClaim {
    const made = new PlaceClaim(owner, place, () => {
      this.#claims.delete(made);
      this.#review();
    });
    this.#claims.add(made);
    this.#review();
    return made;
  }

  #review(): void {
    for (const one of this.#claims) one.review(this.#claims);
  }
}

export class PlaceClaim {
  readonly owner: PlaceOwner;
  readonly place: Place;
  readonly release: () => void;
  #blocker: PlaceOwner | undefined;
  #inTheWay = new AbortController();
  #freed: () => void = () => {};

  constructor(owner: PlaceOwner, place: Place, release: () => void) {
    this.owner = owner;
    this.place = place;
    this.release = release;
  }

  /** Who comes first; undefined where the owner may work with the place. */
  get blocker(): PlaceOwner | undefined {
    return this.#blocker;
  }

  /** Aborted while there is somebody who comes first. */
  get inTheWay(): AbortSignal {
    return this.#inTheWay.signal;
  }

  /** Resolves once the owner may work with the place, or when the signal says stop. */
  async free(signal: AbortSignal): Promise<void> {
    if (this.#blocker === undefined || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#freed = resolve;
    const forget = onAbort(signal, resolve);
    await promise;
    forget();
  }

  /** Others have come or gone. */
  review(all: Iterable<PlaceClaim>): void {
    const [first] = [...all].filter((one) => standsBefore(one, this)).sort(byAge);
    const was = this.#blocker;
    this.#blocker = first?.owner;
    if (this.#blocker) this.#inTheWay.abort();
    else if (was) {
      this.#inTheWay = new AbortController();
      this.#freed();
    }
  }
}

const standsBefore = (one: PlaceClaim, other: PlaceClaim): boolean =>
  one.owner.uid !== other.owner.uid &&
  !other.owner.mayOverlap &&
  byAge(one, other) < 0 &&
  relationOf(one.place, other.place) !== undefined;

function byAge({ owner: one }: PlaceClaim, { owner: other }: PlaceClaim): number {
  const keys = ['createdAt', 'name', 'namespace', 'uid'] as const;
  for (const key of keys) if (one[key] !== other[key]) return one[key] < other[key] ? -1 : 1;
  return 0;
}
