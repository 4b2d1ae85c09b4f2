/** A claim as it is in its cluster: what is behind it, who mounts it, what stands against using it. */
import { RefusedError, TimeoutError, UsageError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api-error.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../src/kube/objects.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../../src/kube/resources.ts';
import { waitFor } from '../../../src/kube/wait.ts';
import { Label } from '../../../src/tasks/names.ts';
import { fidelityOf, type PodPrivileges } from '../objects/manifests/pods.ts';
import { taskOfPod } from '../objects/sides.ts';
import { relationOfTrees, type VolumeTree, volumeIdentity, volumeTree } from './volume-identity.ts';

/** A claim and the client of its cluster. */
export interface ClaimRef {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly claim: string;
}

/** A pod that has the claim mounted, or is about to. */
export interface Mount {
  readonly pod: string;
  /** Absent while the pod is not scheduled. */
  readonly node: string | undefined;
  /** The x8sync task whose pod it is, if any. */
  readonly task: string | undefined;
  /** It is a task's mover, which writes to the claim. */
  readonly mover: boolean;
  /** What a task's pod may do; undefined for other pods. */
  readonly fidelity: PodPrivileges | undefined;
}

export interface ClaimState {
  readonly ref: ClaimRef;
  readonly uid: string;
  readonly object: PersistentVolumeClaim;
  readonly bound: boolean;
  /** Equal for two claims on the same storage; undefined where nothing can be said. */
  readonly volume: string | undefined;
  /** The folder of some storage that it is, where the volume tells. */
  readonly tree?: VolumeTree | undefined;
  readonly mounts: readonly Mount[];
  /** The one node where it can be mounted now: it is ReadWriteOnce and in use there. */
  readonly node: string | undefined;
}

/**
 * How long the controllers may take to bind a claim to a volume that is there: they look at a claim whose volume came
 * later once in 15 s (kube-controller-manager's --pvclaimbinder-sync-period).
 */
const bindingLimitMs = 20_000;

/** `lab-a/shop/database`: how a claim is named to a person. */
export function describeClaim({ kube, namespace, claim }: ClaimRef): string {
  return `${kube.cluster.context}/${namespace}/${claim}`;
}

/**
 * Reads a claim, its volume and its mounts.
 *
 * @param cluster identity of the cluster, for volumes that live on a node.
 * @throws ApiError where it does not exist or may not be read.
 */
export async function readClaim(ref: ClaimRef, cluster: string, signal: AbortSignal): Promise<ClaimState> {
  const { kube, namespace, claim } = ref;
  const [first, all] = await Promise.all([
    kube.get(persistentVolumeClaims, { namespace, name: claim }, { signal }),
    kube.list(pods, { namespace, signal }),
  ]);
  const object = await settled(ref, first, signal);
  const bound = object.status?.phase === 'Bound';
  const volume = bound ? await readVolume(ref, object, signal) : undefined;
  const mounts = mountsOf(claim, all.items);
  return {
    ref,
    uid: object.metadata.uid ?? '',
    object,
    bound,
    volume: volume && volumeIdentity(volume, cluster),
    tree: volume && volumeTree(volume, cluster),
    mounts,
    node: singleNode(object) ? mounts.find(({ node }) => node)?.node : undefined,
  };
}

/**
 * The claim, once it is bound to the volume that is meant for it, where there is one: binding takes the controllers a
 * moment, and what is behind the claim decides what may be done to it. As it is where that takes longer.
 */
async function settled(
  ref: ClaimRef,
  first: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim> {
  const { kube, namespace, claim: name } = ref;
  const isPending = ({ status }: PersistentVolumeClaim) => (status?.phase ?? 'Pending') === 'Pending';
  if (!isPending(first) || !(await hasVolume(ref, first, signal))) return first;
  const what = `claim ${describeClaim(ref)} to be bound to its volume`;
  const options = { timeoutMs: bindingLimitMs, signal, what };
  try {
    return await waitFor(
      kube,
      persistentVolumeClaims,
      { namespace, name },
      (now) => (now && !isPending(now) ? now : undefined),
      options,
    );
  } catch (error) {
    // Who may read the claim need not be allowed to watch it.
    if (!(error instanceof TimeoutError) && !isForbidden(error)) throw error;
    await checkVolumeExists(ref, first, signal);
    return first;
  }
}

/** Whether the claim names its volume, or a volume names the claim. */
async function hasVolume(
  { kube, namespace, claim }: ClaimRef,
  { spec }: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<boolean> {
  if (spec.volumeName) return true;
  try {
    const { items } = await kube.list(persistentVolumes, { signal });
    return items.some(
      ({ spec: { claimRef } }) => claimRef?.namespace === namespace && claimRef.name === claim,
    );
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

/**
 * Nothing where this user may not read volumes.
 *
 * @throws X8sError where a claim names a volume that does not exist: it would be waited for until the time limit.
 */
export async function checkVolumeExists(
  ref: ClaimRef,
  { spec: { volumeName } }: Pick<PersistentVolumeClaim, 'spec'>,
  signal: AbortSignal,
): Promise<void> {
  if (!volumeName) return;
  const { kube } = ref;
  try {
    if (await kube.find(persistentVolumes, { name: volumeName }, { signal })) return;
  } catch (error) {
    if (isForbidden(error)) return;
    throw error;
  }
  throw new X8sError(
    `claim ${describeClaim(ref)} names volume ${volumeName}, which ${kube.cluster.context} does not have`,
    { hint: 'make that volume, or a claim without volumeName' },
  );
}

/** The volume behind a claim, or undefined where this user may not read volumes: it only refines checks. */
async function readVolume(
  { kube }: ClaimRef,
  { spec }: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<PersistentVolume | undefined> {
  if (!spec.volumeName) return undefined;
  try {
    return await kube.find(persistentVolumes, { name: spec.volumeName }, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof X8sError) return undefined;
    throw error;
  }
}

/** True where a volume can be mounted on one node at a time. */
function singleNode({ spec }: PersistentVolumeClaim): boolean {
  const modes = spec.accessModes ?? [];
  return !modes.includes('ReadWriteMany') && !modes.includes('ReadOnlyMany');
}

/** Pending and running pods that mount the claim; finished ones hold nothing. */
export function mountsOf(claim: string, all: readonly Pod[]): Mount[] {
  return all
    .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
    .filter(({ spec }) => spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim))
    .map((pod) => {
      const task = taskOfPod(pod);
      const mover = task !== undefined && pod.metadata.labels?.[Label.role] === 'target';
      const fidelity = task === undefined ? undefined : fidelityOf(pod.spec);
      return { pod: pod.metadata.name, node: pod.spec.nodeName, task, mover, fidelity };
    });
}

/** Pods that may change a source while it is copied: its users, and the mover of a task that fills it. */
export function changersOf({ mounts }: Pick<ClaimState, 'mounts'>): string[] {
  return mounts.filter(({ task, mover }) => task === undefined || mover).map(({ pod }) => pod);
}

/** @throws X8sError where files can't be read from this claim; RefusedError where it is on its way out or in exclusive use. */
export function checkSource(source: ClaimState): void {
  checkFilesystem(source);
  const name = describeClaim(source.ref);
  if (source.object.metadata.deletionTimestamp) {
    throw new RefusedError(`source claim ${name} is being deleted, so no further pod can mount it`, {
      hint: 'its volume stays where its reclaim policy is Retain; a new claim with volumeName can read it then',
    });
  }
  if (!source.bound) {
    throw new X8sError(
      `source claim ${name} is ${source.object.status?.phase ?? 'not bound'}, so there is nothing to copy`,
      {
        hint: 'a claim is bound once a volume is behind it; kubectl describe pvc tells what it waits for',
      },
    );
  }
  checkNotExclusive(source);
}

/**
 * @throws RefusedError where writing to this claim could harm: it is in use, or it is the source itself.
 */
export function checkTarget(target: ClaimState, source: ClaimState, allowMounted: boolean): void {
  checkFilesystem(target);
  const name = describeClaim(target.ref);
  const phase = target.object.status?.phase;
  if (phase === 'Lost') throw new X8sError(`target claim ${name} is Lost: the volume behind it is gone`);
  if (target.object.metadata.deletionTimestamp)
    throw new RefusedError(`target claim ${name} is being deleted`);
  if ((target.object.spec.accessModes ?? []).every((mode) => mode === 'ReadOnlyMany')) {
    throw new RefusedError(`target claim ${name} can only be read (ReadOnlyMany)`);
  }
  checkApart(source, target);
  const users = target.mounts.filter(({ task }) => task === undefined).map(({ pod }) => pod);
  if (users.length > 0 && !allowMounted) {
    throw new RefusedError(`target claim ${name} is in use by pod ${users.join(', ')}`, {
      hint: 'scale its workload down first, or pass --allow-mounted if it can bear files that change under it',
    });
  }
  checkNotExclusive(target);
}

/** A copy within one tree overwrites what it reads. */
function checkApart(source: ClaimState, target: ClaimState): void {
  const names = `${describeClaim(source.ref)} and ${describeClaim(target.ref)}`;
  const relation = relationOfTrees(source.tree, target.tree);
  const same = target.uid === source.uid || (target.volume !== undefined && target.volume === source.volume);
  if (same || relation === 'same') throw new RefusedError(`source and target are the same volume: ${names}`);
  if (relation !== 'source in target' && relation !== 'target in source') return;
  const [inner, outer] = relation === 'source in target' ? [source, target] : [target, source];
  throw new RefusedError(`the volume of the one claim is a folder in that of the other: ${names}`, {
    details: [
      `${inner.tree?.path} of ${describeClaim(inner.ref)} lies in ${outer.tree?.path} of ${describeClaim(outer.ref)}`,
    ],
    hint: 'a copy within one tree would overwrite what it reads',
  });
}

function checkFilesystem({ object, ref }: ClaimState): void {
  if (object.spec.volumeMode === 'Block') {
    throw new UsageError(
      `claim ${describeClaim(ref)} is a block volume; x8sync copies files (volumeMode Filesystem)`,
    );
  }
}

/** ReadWriteOncePod means what it says. */
function checkNotExclusive({ object, mounts, ref }: ClaimState): void {
  const mount = mounts.find(({ task }) => task === undefined);
  if (mount && object.spec.accessModes?.includes('ReadWriteOncePod')) {
    throw new RefusedError(`claim ${describeClaim(ref)} is ReadWriteOncePod and in use by pod ${mount.pod}`, {
      hint: 'no second pod can mount it; scale its workload down first',
    });
  }
}
