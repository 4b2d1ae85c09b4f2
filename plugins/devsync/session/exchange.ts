/** Carries changes out on both sides at once. */
import type { Clock } from '../../../src/clock.ts';
import type { Maybe } from '../reconcile/entry.ts';
import type { Outcome } from '../reconcile/operations.ts';
import type { Change } from '../reconcile/reconcile.ts';
import type { Edit } from '../reconcile/tree.ts';
import type { Endpoint, KeepingEndpoint } from '../sync/endpoint.ts';
import type { Attempts } from './attempts.ts';
import { carryOut } from './carry-out.ts';
import { saveForeign } from './save-foreign.ts';
import type { Place } from './state.ts';

export interface ExchangeOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What earlier streams to this container have left unanswered. */
  readonly attempts?: Attempts;
  readonly onLearned: (edits: readonly Edit[]) => void;
  /** Told how many operations were done, by the side that they were done on. */
  readonly onDone: (to: Place, operations: number) => void;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  #operation = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** @param ancestor what both sides agreed on. */
  async run(changes: Record<Place, readonly Change[]>, ancestor: Maybe): Promise<Record<Place, Outcome[]>> {
    const { local, container, signal } = this.#options;
    const name = this.#operationName();
    const foreign = { local, container, ancestor, signal };
    const safe = await saveForeign(changes.container, { ...foreign, name: `${name}-container` });
    const [toContainer, toLocal] = await Promise.all([
      this.#carry(safe.changes, 'container', name),
      this.#carry(changes.local, 'local', name),
    ]);
    return { local: toLocal, container: [...safe.refused, ...toContainer] };
  }

  #carry(changes: readonly Change[], place: Place, name: string): Promise<Outcome[]> {
    if (changes.length === 0) return Promise.resolve([]);
    const { signal, local, container, onLearned, onDone } = this.#options;
    const [from, to] = place === 'local' ? [container, local] : [local, container];
    const attempts = place === 'container' ? this.#options.attempts : undefined;
    return carryOut(changes, {
      from,
      to,
      name,
      signal,
      onSent: (operations) => attempts?.sent(operations),
      onAnswered: (operations, outcomes) => attempts?.answered(operations, outcomes),
      onLearned,
      onProgress: ({ operations }) => onDone(place, operations),
    });
  }

  /** Sorts by time. */
  #operationName(): string {
    const time = this.#options.clock.now().toISOString().slice(0, 19).replaceAll(':', '-');
    return `${time}-${String(this.#operation++).padStart(4, '0')}`;
  }
}
