/** Deletes a copy whose original is gone, after the primary itself was asked for it. */
import { ApiError, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { fromPrimary, WorkFailure } from '../clusters/failure.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { refusalOfDependents } from '../decide/dependents.ts';
import type { LeaveReason } from '../decide/outcomes.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { describe, type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import type { Deletions } from './deletions.ts';
import { dependentsOf, goesWith, ownedBy } from './dependents.ts';
import type { PrimaryCheck } from './primary-check.ts';

export interface DeletionOptions {
  readonly primary: Cluster;
  readonly replica: Cluster;
  readonly spec: TaskSpec;
  readonly replicaCache: ReplicaCache;
  readonly places: Places;
  readonly deletions: Pick<Deletions, 'mayDelete' | 'wasRefused' | 'lapse'>;
  readonly primaryCheck: Pick<PrimaryCheck, 'confirm'>;
  readonly signal: AbortSignal;
}

/**
 * Why a copy stays after all, by what the primary itself says; undefined where the original is gone.
 * @throws {WorkFailure | ApiError | UnreachableError} that is not clear yet
 */
export async function keptByPrimary(
  { resource }: CopiedKind,
  key: ObjectKey,
  primary: Cluster,
  signal: AbortSignal,
): Promise<LeaveReason | undefined> {
  const { namespace, name } = placeOf(key);
  const where = { namespace: namespace || undefined, name };
  try {
    const original = await fromPrimary(primary.kube.find(resource, where, { signal }));
    if (original?.metadata.deletionTimestamp !== undefined)
      throw failure('later', 'leaving', 'it is being deleted on the primary');
    return original && 'still-on-primary';
  } catch (error) {
    // Its definition is gone, or is being made anew: as long as there is no such kind, nothing tells what there was of it.
    if (isNotFound(error)) return 'not-served';
    throw error;
  }
}

/**
 * Deletes the copy that was looked at, in just that version; where it stays after all, returns why.
 * @throws {WorkFailure | ApiError | UnreachableError} it may not go, for now
 */
export async function deleteCopy(
  kind: CopiedKind,
  key: ObjectKey,
  object: KubeObject,
  options: DeletionOptions,
): Promise<LeaveReason | undefined> {
  const { primary, replica, spec, places, replicaCache, signal, deletions, primaryCheck } = options;
  const kept = spec.leaving ? undefined : await keptByPrimary(kind, key, primary, signal);
  if (kept !== undefined) {
    deletions.lapse(key);
    return kept;
  }
  const count = 1 + (await checkDependents(key, object, options)).length;
  await fromPrimary(primaryCheck.confirm());
  if (!deletions.mayDelete(key, count))
    throw failure(
      'decision',
      'brake',
      `${describe(key)}: deletions are stopped; \`approve\` lets them go on`,
    );
  replicaCache.leaving(key);
  const { uid, resourceVersion } = object.metadata;
  const preconditions = { uid, resourceVersion, propagationPolicy: 'Background', signal } as const;
  try {
    await replica.kube.delete(kind.resource, places.onReplica(key), preconditions);
  } catch (error) {
    if (error instanceof ApiError) deletions.wasRefused(key, count);
    throw error;
  }
  // They were counted with it, and are not to be counted again when they are looked at themselves.
  const goes = goesWith(key, object);
  for (const other of replicaCache.keys()) if (goes(other)) replicaCache.leaving(other);
  return undefined;
}

/**
 * Names of what a deletion takes along.
 * @throws {WorkFailure} something that is not ours, or that stands for data
 */
async function checkDependents(
  key: ObjectKey,
  object: KubeObject,
  { primary, replica, places, spec, signal }: DeletionOptions,
): Promise<readonly string[]> {
  const isOurs = ownedBy({ places, spec, primary });
  const along = await dependentsOf(object, { kube: replica.kube, isOurs, signal });
  const message = refusalOfDependents(describe(key), along, spec.prune);
  if (message === undefined) return along.taken;
  throw failure(along.mayPass ? 'later' : 'decision', 'guarded', message);
}

const failure = (kind: 'later' | 'decision', reason: string, message: string): WorkFailure =>
  new WorkFailure({ class: kind, reason, message });
