/** Asks for the decision on objects of one replica, from what the caches hold of both sides. */

import type { ReplicaResults } from '../cache/applied-results.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import {
  type Assessment,
  assess,
  type Made,
  type Policy,
  type PrimarySide,
  type ReplicaSide,
} from '../decide/assess.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { appliesWhole } from '../objects/carry.ts';
import type { Destination } from '../objects/copy.ts';
import { type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import { untouched } from '../objects/namespace-defaults.ts';

export interface AssessorOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replica: Cluster;
  readonly primaryCache: PrimaryCache;
  readonly places: Places;
  readonly replicaCache: ReplicaCache;
  readonly results: ReplicaResults;
  /** Earlier primaries of the task, approved by a person. */
  readonly formerPrimaries: readonly string[];
  /** The epoch by which the primary leads; 0 before the first promotion. */
  readonly epochs: { readonly number: number };
}

export class Assessor {
  readonly policy: Policy;
  readonly #options: AssessorOptions;
  readonly #destination: Destination;

  constructor(options: AssessorOptions) {
    const { spec, primary, replica, formerPrimaries, epochs } = options;
    this.#options = options;
    this.#destination = { name: replica.name, cluster: replica.id };
    this.policy = {
      task: spec.name,
      primary: primary.id,
      formerPrimaries,
      replica: replica.id,
      adopt: spec.adopt,
      exact: spec.exact,
      forceConflicts: spec.forceConflicts,
      failBack: spec.failBack,
      // A task begins before it has read its epoch, and ends where another cluster leads.
      get leads() {
        return epochs.number > 0;
      },
      drift: spec.drift,
      prune: spec.prune,
    };
  }

  /**
   * What becomes of an object, as far as is known without asking a cluster.
   * @param made what is known of its content, where the replica was asked
   */
  assess(key: ObjectKey, made?: Made): Assessment {
    const { primaryCache } = this.#options;
    const { kind } = placeOf(key);
    if (!primaryCache.kind(kind)) return { outcome: 'leave', why: 'kind-dropped' };
    if (this.#options.replicaCache.isWithout(kind)) return { outcome: 'leave', why: 'not-listable' };
    const original = this.#primarySide(key);
    const present = this.#replicaSide(key, original, made);
    const isListed = original !== undefined || primaryCache.isComplete(key);
    return assess({ kind, original, isListed, present }, this.policy);
  }

  #primarySide(key: ObjectKey): PrimarySide | undefined {
    const { primaryCache } = this.#options;
    const [original, wanted] = [primaryCache.original(key), primaryCache.desired(key, this.#destination)];
    if (!original || !wanted) return undefined;
    const { inherited, problem, rule } = original;
    return { ...wanted, inherited, problem, isWhole: appliesWhole(rule.carry) };
  }

  #replicaSide(
    key: ObjectKey,
    original: PrimarySide | undefined,
    known: Made | undefined,
  ): ReplicaSide | undefined {
    const { replicaCache, results, places } = this.#options;
    const present = replicaCache.get(key);
    if (!present) return undefined;
    const made = known ?? (original && results.find(key, original.digest, present.live));
    const { kind } = placeOf(key);
    return {
      ...present,
      made,
      inScope: original !== undefined || replicaCache.isInScope(key),
      untouched: untouched(kind, places.onReplica(key), present.live),
    };
  }
}
