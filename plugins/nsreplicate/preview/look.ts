/** A survey with what earlier runs of the task saved. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { AppliedResults } from '../cache/applied-results.ts';
import { Informers } from '../cache/informers.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { keyOf, type ObjectPlace } from '../objects/keys.ts';
import { findDigestKey } from '../state/digest-key.ts';
import { fencedBy, readNewestEpoch } from '../state/epoch.ts';
import { blankState } from '../state/saved-state.ts';
import { readResults, readSavedState } from '../state/state.ts';
import { type PlannedChange, type PlanOptions, plan } from './plan.ts';
import { type Survey, survey } from './survey.ts';

export interface LookOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  /** The cluster that keeps the task's state. */
  readonly state: KubeClient;
  /** Whether a state that may not be read is an error, and does not count as none. Default: it is. */
  readonly isStateNeeded?: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Lists both sides as the task would, and writes to neither. @param only one object, and nothing else */
export async function look(
  { spec, primary, replicas, state, isStateNeeded = true, clock, signal }: LookOptions,
  only?: ObjectPlace,
): Promise<Survey> {
  const ifAllowed = (error: unknown) => {
    if (isStateNeeded || !isForbidden(error)) throw error;
    return undefined;
  };
  const [found, saved = blankState(), kept] = await Promise.all([
    findDigestKey(state, spec.name, { signal }).catch(ifAllowed),
    readSavedState(state, spec.name, { signal }).catch(ifAllowed),
    readResults(state, spec.name, { signal }).catch(ifAllowed),
  ]);
  // A task that never ran has copied no Secret yet, so any key will do.
  const key = found ?? randomBytes(32);
  const results = new AppliedResults(kept);
  const informers = new Informers(clock);
  const kubes = [primary, ...replicas].map(({ kube }) => kube);
  const newest = await readNewestEpoch(kubes, spec.name, { signal });
  const fenced = fencedBy(newest, spec.name, primary);
  const epochs = { number: fenced ? 0 : (newest?.number ?? 0) };
  const surveyed = await survey({
    spec,
    primary,
    replicas,
    informers,
    key,
    saved,
    results,
    epochs,
    signal,
    only,
  });
  return fenced ? { ...surveyed, notes: [...surveyed.notes, fenced.message] } : surveyed;
}

/** What would become of one object on each replica; nothing for those where it is as it should be. */
export async function planObject(
  options: LookOptions,
  only: ObjectPlace,
  { patch }: Pick<PlanOptions, 'patch'> = {},
): Promise<ObjectPlan> {
  const surveyed = await look(options, only);
  const key = keyOf(only.kind, only.namespace, only.name);
  const changes = await plan(surveyed, options.spec, options.signal, {
    concerns: (one) => one === key,
    patch,
  });
  return { surveyed, isCopied: surveyed.primaryCache.original(key) !== undefined, changes };
}

export interface ObjectPlan {
  readonly surveyed: Survey;
  /** Whether the primary has the object, and a rule covers it. */
  readonly isCopied: boolean;
  readonly changes: readonly PlannedChange[];
}
