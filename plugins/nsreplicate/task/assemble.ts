/** Puts the parts of one replica together. */
import { momentOf, msSince } from '../../../src/clock.ts';
import { own } from '../../../src/json.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { ATTEMPTS } from '../jobs/retry.ts';
import type { Shaping } from '../objects/copy.ts';
import type { Places } from '../objects/keys.ts';
import { Deletions } from '../reconcile/deletions.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { Replica } from '../reconcile/replica.ts';
import type { PrimaryGuard } from './primary-guard.ts';
import { setUpReplica } from './set-up.ts';
import type { TaskOptions } from './task-options.ts';

export interface Parts {
  readonly primaryCache: PrimaryCache;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly guard: PrimaryGuard;
}

export function assembleReplica(cluster: Cluster, options: TaskOptions, parts: Parts): Replica {
  const { spec, saved, watch, changed, epochs, fence, clock } = options;
  const { replicaCache, ...set } = setUpReplica(cluster, options, parts);
  const { name } = cluster;
  const state = own(saved.brakes, name) ?? { deletions: [] };
  const deletions = new Deletions({ ...options, replica: name, replicaCache, limits: spec.brake, state });
  parts.guard.protect(deletions);
  const shared = {
    ...options,
    ...parts,
    ...set,
    epoch: () => epochs.number,
    // The epoch comes last: a process that stood still meanwhile has to hear of a promotion.
    fence: async () => {
      const heldMs = await fence();
      const asked = momentOf(clock);
      const leftMs = await epochs.confirm(cluster);
      return Math.max(1, Math.min(leftMs, heldMs - msSince(asked, clock)));
    },
    replicaCache,
    deletions,
    primaryCheck: parts.guard,
  };
  const reconciler = new Reconciler({ ...shared, replica: cluster, resultsChanged: changed });
  return new Replica({ ...shared, cluster, reconciler, mostAttempts: watch ? undefined : ATTEMPTS });
}
