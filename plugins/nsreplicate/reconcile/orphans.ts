/** Copies on one replica that may have to go: those whose originals are gone, and those that the task covers no more. */
import type { ReplicaCache } from '../cache/replica-cache.ts';
import type { ObjectKey } from '../objects/keys.ts';
import type { Assessor } from './assessor.ts';

export interface OrphansOptions {
  readonly replicaCache: Pick<ReplicaCache, 'keys' | 'stays' | 'isOurs' | 'isInScope'>;
  readonly assessor: Pick<Assessor, 'assess'>;
}

export class Orphans {
  readonly #options: OrphansOptions;

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Copies that would be deleted, provided that their originals are gone. Those that are being deleted were counted before. */
  wanted(): ObjectKey[] {
    const { replicaCache, assessor } = this.#options;
    return [...replicaCache.keys()].filter(
      (key) => replicaCache.stays(key) && assessor.assess(key).outcome === 'delete',
    );
  }

  /** Whether there are copies that the task covers no more. */
  hasRetired(test: (key: ObjectKey) => boolean): boolean {
    const { replicaCache } = this.#options;
    return [...replicaCache.keys()].some(
      (key) => test(key) && replicaCache.isOurs(key) && !replicaCache.isInScope(key),
    );
  }
}
