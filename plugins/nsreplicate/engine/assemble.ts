/** Puts the parts of one replica together. */
import { own } from '../../../src/json.ts';
import { ATTEMPTS } from '../jobs/retry.ts';
import type { Shaping } from '../objects/wanted.ts';
import { Assessor } from './assessor.ts';
import type { Catalogue } from './catalogue.ts';
import { Copies } from './copies.ts';
import type { Places } from './keys.ts';
import type { Guard } from './memory.ts';
import { Reconciler } from './reconciler.ts';
import { Replica } from './replica.ts';
import type { Site } from './site.ts';
import type { TaskOptions } from './task-options.ts';

export interface Parts {
  readonly catalogue: Catalogue;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly guard: Guard;
}

export function assembleReplica(site: Site, options: TaskOptions, parts: Parts): Replica {
  const { spec, primary, clock, memory, watch, fence, signal, changed, warn, broken, records } = options;
  const { catalogue, places, shaping, guard } = parts;
  const copies = new Copies(spec.name, catalogue.copyScope);
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
    warn,
    broken,
  });
  return replica;
}
