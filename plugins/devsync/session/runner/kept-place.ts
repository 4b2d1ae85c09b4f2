/** The directory that a session works with, as other syncs of the process are told of it. */
import { X8sError } from '../../../../src/errors.ts';
import type { Target } from '../../launch/launcher.ts';
import { type Place, placeOf } from '../pods/place.ts';
import type { PlaceClaim } from '../pods/place-claims.ts';
import { type ChosenContainer, noContainer } from './chosen-container.ts';

export class KeptPlace {
  readonly #claimPlace: ((place: Place) => PlaceClaim) | undefined;
  readonly #nobody = new AbortController().signal;
  #claim: PlaceClaim | undefined;

  /** @param claimPlace tells the other syncs; absent where there are none. */
  constructor(claimPlace: ((place: Place) => PlaceClaim) | undefined) {
    this.#claimPlace = claimPlace;
  }

  /** This is worked with from now on, again and again. Returns what is aborted while another sync comes first. */
  keep(target: Target, remote: string): AbortSignal {
    const place = placeOf(target, remote);
    if (JSON.stringify(place) !== JSON.stringify(this.#claim?.place)) {
      this.release();
      this.#claim = this.#claimPlace?.(place);
    }
    return this.#claim?.inTheWay ?? this.#nobody;
  }

  /** Why it may not be worked with now, and what can be done; undefined where it may. */
  get refusal(): X8sError | undefined {
    const blocker = this.#claim?.blocker;
    if (blocker === undefined) return undefined;
    const name = `${blocker.namespace}/${blocker.name}`;
    return new X8sError(
      `the sync ${name}, which was made first, works with REMOTE or a part of it already, and the two would mix what they bring; delete one of them, or make this one anew with --allow-overlap`,
    );
  }

  /** The same, for who asks for something that only a container can do. */
  get noContainer(): X8sError | undefined {
    const { refusal } = this;
    return refusal && noContainer(refusal.message);
  }

  /** Resolves once no other sync comes first, at the next choice, or when the signal says stop. */
  async free(signal: AbortSignal, chosen: ChosenContainer): Promise<void> {
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    await Promise.race([this.#claim?.free(until), chosen.next(until)]);
    over.abort();
  }

  release(): void {
    this.#claim?.release();
    this.#claim = undefined;
  }
}
