/** What a task at work and a look at its two sides begin with. */

import type { Autoscaled } from '../cache/autoscaled.ts';
import { PrimaryCache } from '../cache/primary-cache.ts';
import type { Site } from '../clusters/cluster.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { coverageOf, type TaskSpec } from '../decide/spec.ts';
import type { Places } from '../objects/keys.ts';
import { compileOverride } from '../objects/overrides.ts';
import type { Shaping } from '../objects/wanted.ts';
import type { Labels } from '../rules/selector.ts';

export interface SetUpOptions {
  readonly spec: TaskSpec;
  readonly primary: Site;
  readonly replicas: readonly Site[];
  /** Keys the digests of Secrets. */
  readonly key: Uint8Array;
}

/** What fills while the primary is listed. */
export interface Surroundings {
  readonly kinds: readonly CopiedKind[];
  readonly places: Places;
  readonly autoscaled: Autoscaled;
  /** Of the primary's namespaces. */
  readonly labels: ReadonlyMap<string, Labels>;
}

/** How copies are shaped, and what is known of the primary: nothing yet. */
export function setUp(
  { spec, primary, replicas, key }: SetUpOptions,
  { kinds, places, autoscaled, labels }: Surroundings,
): { shaping: Shaping; catalogue: PrimaryCache } {
  const covers = coverageOf(spec);
  const shaping: Shaping = {
    task: spec.name,
    primary: primary.id,
    map: spec.map,
    overrides: spec.overrides.map(compileOverride),
    key,
    isAutoscaled: (object) => autoscaled.has(object),
  };
  const catalogue = new PrimaryCache({
    primary,
    kinds,
    shaping,
    places,
    destinations: replicas.map(({ name, id }) => ({ name, cluster: id })),
    covers: (namespace) => covers(namespace, labels.get(namespace)),
  });
  return { shaping, catalogue };
}
