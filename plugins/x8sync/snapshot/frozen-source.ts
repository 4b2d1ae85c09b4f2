/** The source as it was at one moment: a snapshot or a clone of it, and a claim that pods can mount. */
import { TimeoutError, X8sError } from '../../../src/errors.ts';
import { unlessForbidden } from '../../../src/kube/api/api-error.ts';
import type { PersistentVolumeClaim, StorageClass, VolumeSnapshot } from '../../../src/kube/api/objects.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import {
  persistentVolumeClaims,
  storageClasses,
  volumeSnapshotClasses,
  volumeSnapshots,
} from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { type ClaimRef, type ClaimState, describeClaim, readClaim } from '../claims/claim.ts';
import { type EnsureOptions, ensure } from '../objects/ensure.ts';
import { type FrozenFrom, frozenClaim, sourceSnapshot } from '../objects/manifests/snapshot.ts';
import type { TaskSide } from '../objects/sides.ts';

/** How the source is frozen. */
export type SnapshotMethod = 'snapshot' | 'clone';

export interface SnapshotWish {
  readonly method: SnapshotMethod;
  /** Class of a snapshot; chosen by the driver where absent. */
  readonly snapshotClass?: string | undefined;
}

export interface FrozenSource {
  /** The claim that is mounted in the source's place. */
  readonly claim: ClaimState;
  readonly method: SnapshotMethod;
  /** The moment that it shows, as the driver says it; RFC 3339. Nobody tells that of a clone. */
  readonly takenAt?: string | undefined;
  /** What stays in the storage once the task's objects are gone, in words. */
  readonly retained: readonly string[];
  /** A snapshot of an earlier run is used, which was made by this class and not by the one that is wished now. */
  readonly otherClass?: string | undefined;
}

/**
 * Makes it, or takes up what an interrupted run of this task has made. It belongs to the task, and goes with it.
 *
 * @param cluster identity of the cluster.
 * @throws X8sError where the driver can't make it; TimeoutError where it does not become ready.
 */
export async function freezeSource(
  side: TaskSide,
  source: ClaimState,
  { method, snapshotClass }: SnapshotWish,
  cluster: string,
  options: EnsureOptions,
): Promise<FrozenSource> {
  const snapshot =
    method === 'snapshot' ? await readySnapshot(side, source, snapshotClass, options) : undefined;
  const from: FrozenFrom = snapshot ? { snapshot: side.name } : { claim: source.ref.claim };
  const size = sizeFor(source, snapshot?.status?.restoreSize);
  const { kube, namespace, name } = side;
  const ref = { kube, namespace, claim: name };
  await ensure(kube, persistentVolumeClaims, frozenClaim(side, source.object, from, size), options);
  const storageClass = await storageClassOf(source, options.signal);
  if (storageClass && (storageClass.volumeBindingMode ?? 'Immediate') === 'Immediate')
    await whenBound(ref, options);
  const claim = await readClaim(ref, cluster, options.signal);
  return {
    ...{ claim, method, takenAt: snapshot?.status?.creationTime },
    otherClass: otherClass(snapshot, snapshotClass),
    retained: await retainedBy(storageClass, snapshot, side, options.signal),
  };
}

function otherClass(snapshot: VolumeSnapshot | undefined, wished: string | undefined): string | undefined {
  const { volumeSnapshotClassName: used } = snapshot?.spec ?? {};
  return wished === undefined || used === wished ? undefined : used;
}

/** Undefined where this user may not read it, or the claim names none. */
async function storageClassOf(
  { ref: { kube }, object }: ClaimState,
  signal: AbortSignal,
): Promise<StorageClass | undefined> {
  const { storageClassName: name } = object.spec;
  return name ? unlessForbidden(kube.find(storageClasses, { name }, { signal })) : undefined;
}

/** A driver that can't make the volume says why in the claim's events, and goes on trying. */
async function whenBound(ref: ClaimRef, { timeoutMs, signal }: EnsureOptions): Promise<void> {
  const { kube, namespace, claim: name } = ref;
  const what = `claim ${describeClaim(ref)} to be made`;
  const isBound = (now: PersistentVolumeClaim | undefined) => now?.status?.phase === 'Bound' || undefined;
  try {
    await waitFor(kube, persistentVolumeClaims, { namespace, name }, isBound, { timeoutMs, signal, what });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const subject = { namespace, name, kind: 'PersistentVolumeClaim' };
    const said = await unlessForbidden(eventsOf(kube, subject, 3, { signal }));
    throw new TimeoutError(error.message, {
      details: said && said.length > 0 ? said : error.details,
      hint: 'not every driver makes clones, or volumes of snapshots: its storage class or its documentation tells',
    });
  }
}

/** What of the storage is not freed with the objects, in words. */
async function retainedBy(
  storageClass: StorageClass | undefined,
  snapshot: VolumeSnapshot | undefined,
  { kube }: TaskSide,
  signal: AbortSignal,
): Promise<string[]> {
  const name = snapshot?.spec.volumeSnapshotClassName;
  const snapshotClass = name
    ? await unlessForbidden(kube.find(volumeSnapshotClasses, { name }, { signal }))
    : undefined;
  return [
    ...(storageClass?.reclaimPolicy === 'Retain'
      ? [`StorageClass ${storageClass.metadata.name} retains the volume that was made for the copy`]
      : []),
    ...(snapshotClass?.deletionPolicy === 'Retain'
      ? [`VolumeSnapshotClass ${name} retains the snapshot`]
      : []),
  ];
}

async function readySnapshot(
  side: TaskSide,
  source: ClaimState,
  snapshotClass: string | undefined,
  options: EnsureOptions,
): Promise<VolumeSnapshot> {
  const { kube, namespace, name } = side;
  const wanted = sourceSnapshot(side, source.ref.claim, snapshotClass);
  const present = await kube.find(volumeSnapshots, { namespace, name }, { signal: options.signal });
  // The claim that pods read may be made of it by now: one of another class would show another moment.
  if (present?.status?.readyToUse && isOwnedBy(side, present)) return present;
  await ensure(kube, volumeSnapshots, wanted, options);
  const what = `the snapshot of ${describeClaim(source.ref)} to be ready`;
  try {
    return await waitFor(kube, volumeSnapshots, { namespace, name }, (now) => ifReady(now, source), {
      ...options,
      ...{ what, describe: describeSnapshot },
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(error.message, {
      details: error.details,
      hint: `kubectl --context ${kube.cluster.context} -n ${namespace} describe volumesnapshot ${name}; --timeout waits longer`,
    });
  }
}

/** Made by this very task, and there to stay. */
function isOwnedBy({ meta }: TaskSide, { metadata }: VolumeSnapshot): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const owners = meta.ownerReferences?.map(({ uid }) => uid) ?? [];
  return metadata.ownerReferences?.some(({ uid }) => owners.includes(uid)) ?? false;
}

function ifReady(snapshot: VolumeSnapshot | undefined, source: ClaimState): VolumeSnapshot | undefined {
  if (!snapshot) throw new X8sError(`the snapshot of ${describeClaim(source.ref)} was deleted meanwhile`);
  return snapshot.status?.readyToUse ? snapshot : undefined;
}

/** A driver's error may pass: the snapshot controller tries again. So it is told once the time is over. */
function describeSnapshot(snapshot: VolumeSnapshot | undefined): string {
  const { error, boundVolumeSnapshotContentName } = snapshot?.status ?? {};
  if (error?.message) return `the driver says: ${error.message}`;
  return boundVolumeSnapshotContentName === undefined
    ? 'no snapshot controller has taken it up'
    : 'the driver has not finished it';
}

/** As large as the source's volume really is, and as the snapshot asks for. */
function sizeFor({ object: { spec, status } }: ClaimState, restoreSize: string | undefined): string {
  const { capacity } = (status ?? {}) as { capacity?: { storage?: string } };
  const sizes = [spec.resources?.requests?.storage, capacity?.storage, restoreSize].filter(
    (size) => size !== undefined,
  );
  const [largest = '1Gi'] = sizes.sort(
    (one, other) => Number(parseQuantity(other)) - Number(parseQuantity(one)),
  );
  return largest;
}
