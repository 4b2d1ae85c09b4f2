/** What a task at work and a look at its two sides begin with. */

import { RefusedError } from '../../../src/errors.ts';
import { formatCount } from '../../../src/ui/format.ts';
import type { AppliedResults, ReplicaResults } from '../cache/applied-results.ts';
import type { Autoscaled } from '../cache/autoscaled.ts';
import { PrimaryCache } from '../cache/primary-cache.ts';
import { ReplicaCache } from '../cache/replica-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type CopiedKind, kindsMissingOn } from '../clusters/kinds.ts';
import { isCopied } from '../decide/outcomes.ts';
import { coverageOf, displaced, standbyMatcher, type TaskSpec } from '../decide/spec.ts';
import { type Shaping, shapingOn } from '../objects/copy.ts';
import { idleOverrides } from '../objects/idle-overrides.ts';
import { keyOf, type ObjectKey, type Places } from '../objects/keys.ts';
import { compileOverride } from '../objects/overrides.ts';
import { Assessor } from '../reconcile/assessor.ts';
import { idleMapping, idleNamespaces } from '../rules/idle-namespaces.ts';
import type { Labels } from '../rules/selector.ts';
import type { SavedState } from '../state/saved-state.ts';
import type { TaskOptions } from './task-options.ts';

export interface SetUpOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  /** Keys the digests of Secrets. */
  readonly key: Uint8Array;
  readonly saved: SavedState;
  readonly results: AppliedResults;
  /** The epoch by which the primary leads; 0 before the first promotion. */
  readonly epochs: { readonly number: number };
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
): { shaping: Shaping; primaryCache: PrimaryCache } {
  const covers = coverageOf(spec);
  const shaping: Shaping = {
    task: spec.name,
    primary: primary.id,
    map: spec.map,
    overrides: spec.overrides.map(compileOverride),
    key,
    isAutoscaled: (object) => autoscaled.has(object),
    isStandby: standbyMatcher(spec),
  };
  const primaryCache = new PrimaryCache({
    primary,
    kinds,
    shaping,
    places,
    leaving: spec.leaving,
    destinations: replicas.map(({ name, id }) => ({ name, cluster: id })),
    covers: (namespace) => covers(namespace, labels.get(namespace)),
  });
  return { shaping, primaryCache };
}

/** What is known of one replica, nothing yet, and who assesses its objects by that. */
export interface ReplicaSetUp {
  readonly replicaCache: ReplicaCache;
  readonly assessor: Assessor;
  readonly results: ReplicaResults;
  /** How its objects are looked at. */
  readonly shaping: Shaping;
}

export function setUpReplica(
  replica: Cluster,
  { spec, primary, saved, results: ofAll, epochs }: SetUpOptions,
  { primaryCache, places, shaping }: { primaryCache: PrimaryCache; places: Places; shaping: Shaping },
): ReplicaSetUp {
  const replicaCache = new ReplicaCache(spec.name, primaryCache.coverage);
  const results = ofAll.on(replica.name);
  const { formerPrimaries } = saved;
  const known = { spec, primary, replica, primaryCache, places, replicaCache, results, epochs };
  const assessor = new Assessor({ ...known, formerPrimaries });
  return { replicaCache, assessor, results, shaping: shapingOn(replica.name, shaping) };
}

/** Says which of these kinds a replica does not have; nothing of one that does not answer. */
export async function warnOfMissingKinds(
  cluster: Cluster,
  kinds: readonly CopiedKind[],
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
): Promise<void> {
  const missing = await kindsMissingOn(cluster, kinds, { signal }).catch(() => []);
  for (const kind of missing) warn(`replica ${cluster.name} has no ${kind}: its objects wait until it does`);
}

/** Ends a run one side of which shows more than there is room for: whoever has that cluster decides how much it shows. */
export function checkRoom(
  cluster: string,
  { known }: { readonly known: number },
  { mostObjects, broken }: Pick<TaskOptions, 'mostObjects' | 'broken'>,
): void {
  if (mostObjects === undefined || known <= mostObjects) return;
  const text = `${cluster} has more objects of these rules than the ${formatCount(mostObjects)} that are taken`;
  broken(new RefusedError(text, { hint: 'Narrow the rules, or raise the bound: --most-objects.' }));
}

/** What both sides were found to have. */
export interface Listed {
  readonly primaryCache: PrimaryCache;
  /** Of the primary's namespaces. */
  readonly labels: ReadonlyMap<string, Labels>;
  /** Whether an object of the primary goes to any replica. */
  readonly isCopied: (key: ObjectKey) => boolean;
}

/** Whether an object of the primary goes to any of some replicas that were compared, by what each of them left. */
export const copiedTo =
  (replicas: readonly { readonly left: ReadonlyMap<ObjectKey, string> }[]) => (key: ObjectKey) =>
    replicas.some(({ left }) => isCopied(left.get(key)));

/** What a person should know once both sides were listed. */
export function notesOn(options: SetUpOptions, { primaryCache, labels, isCopied }: Listed): string[] {
  const { spec } = options;
  const replicas = options.replicas.map(({ name }) => name);
  return [
    ...notesOnNamespaces(options, primaryCache, labels),
    ...displaced(spec, labels.keys()),
    ...idleOverrides(spec.overrides, { replicas, keys: () => primaryCache.keys() }),
    ...primaryCache.findings.remarks(isCopied),
  ];
}

/** Names of namespaces to which nothing answers. */
function notesOnNamespaces(
  { spec, primary: { name: primary } }: SetUpOptions,
  primaryCache: PrimaryCache,
  labels: ReadonlyMap<string, Labels>,
): string[] {
  const covers = coverageOf(spec);
  const isCovered = (name: string) => covers(name, labels.get(name));
  const isListed = primaryCache.isComplete(keyOf('Namespace', '', ''));
  if (isListed) {
    const present = { primary, names: [...labels.keys()], covers: isCovered };
    return [...idleNamespaces(spec, present), ...idleMapping(spec, present)];
  }
  // Which there are is not known, but which of these the task means.
  return idleMapping(spec, { primary, names: [...spec.map.keys()], covers: isCovered });
}
