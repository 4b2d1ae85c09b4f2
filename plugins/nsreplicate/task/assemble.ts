/** Puts the parts of one replica together. */
import { own } from '../../../src/json.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import { ReplicaCache } from '../cache/replica-cache.ts';
import type { Site } from '../clusters/cluster.ts';
import { ATTEMPTS } from '../jobs/retry.ts';
import type { Places } from '../objects/keys.ts';
import type { Shaping } from '../objects/wanted.ts';
import { Assessor } from '../reconcile/assessor.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { Replica } from '../reconcile/replica.ts';
import type { PrimaryGuard } from './primary-guard.ts';
import type { TaskOptions } from './task-options.ts';

export interface Parts {
  readonly catalogue: PrimaryCache;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly guard: PrimaryGuard;
}

export function assembleReplica(site: Site, options: TaskOptions, parts: Parts): Replica {
  const { spec, primary, clock, memory, watch, fence, signal, changed, warn, broken, records } = options;
  const { meters } = options;
  const { catalogue, places, shaping, guard } = parts;
  const copies = new ReplicaCache(spec.name, catalogue.copyScope);
  const settled = options.settled.on(site.name);
  const { formerPrimaries } = memory;
  const assessor = new Assessor({
    spec,
    primary,
    replica: site,
    catalogue,
    places,
    copies,
    settled,
    formerPrimaries,
  });
  const reconciler = new Reconciler({
    assessor,
    primary,
    replica: site,
    spec,
    catalogue,
    copies,
    places,
    shaping,
    clock,
    settled,
    settledChanged: changed,
    brake: (key, count) => replica.deletions.mayDelete(key, count),
    notDeleted: (key, count) => replica.deletions.wasRefused(key, count),
    confirmPrimary: () => guard.confirm(),
    marker: () => guard.marker(),
    fence,
    signal,
  });
  const replica = new Replica({
    site,
    task: spec.name,
    catalogue,
    copies,
    assessor,
    reconciler,
    places,
    shaping,
    records,
    workers: spec.workers,
    brakeLimits: spec.brake,
    brake: own(memory.brakes, site.name) ?? { deletions: [] },
    sawMarker: (marker) => guard.sawMarker(marker),
    clock,
    signal,
    mostAttempts: watch ? undefined : ATTEMPTS,
    changed,
    meters,
    warn,
    broken,
  });
  return replica;
}
