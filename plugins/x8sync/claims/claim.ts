/** A claim as it is in its cluster: what is behind it, and who mounts it. */
import { TimeoutError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../src/kube/api/objects.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../../src/kube/api/resources.ts';
import { clusterId } from '../../../src/kube/cluster/identity.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { Label } from '../../../src/tasks/names.ts';
import { type PodPrivileges, privilegesOf } from '../objects/manifests/pod-security.ts';
import { taskOfPod } from '../objects/sides.ts';
import { type ClaimElsewhere, claimsElsewhere, podsBeside } from './same-place.ts';
import { type VolumeTree, volumeIdentity, volumeTree } from './volume-identity.ts';
import { claimNamesOf, mayWrite, seLinuxLevelIn } from './volumes-of-pod.ts';

/** A namespace and the client of its cluster. */
export interface NamespaceRef {
  readonly kube: KubeClient;
  readonly namespace: string;
}

/** A claim and the client of its cluster. */
export interface ClaimRef extends NamespaceRef {
  readonly claim: string;
}

/** A claim by its name, also where its cluster can't be asked. */
export interface ClaimName {
  readonly kube: { readonly cluster: { readonly context: string } };
  readonly namespace: string;
  readonly claim: string;
}

/** A pod that has the claim mounted, or is about to. */
export interface ClaimMount {
  readonly pod: string;
  /** Absent while the pod is not scheduled. */
  readonly node: string | undefined;
  /** The x8sync task whose pod it is, if any. */
  readonly task: string | undefined;
  /** It is a task's mover, which writes to the claim. */
  readonly mover: boolean;
  /** What a task's pod may do; undefined for other pods. */
  readonly privileges: PodPrivileges | undefined;
  /** SELinux level of the container that mounts it; absent where the pod names none. */
  readonly seLinuxLevel?: string | undefined;
}

/** A pod that has the same files by another claim. */
export interface MountElsewhere extends ClaimMount {
  readonly claim: ClaimRef;
  readonly mayWrite: boolean;
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
  readonly mounts: readonly ClaimMount[];
  /** Other claims of the cluster whose volumes are the same place, in whole or in part. */
  readonly elsewhere?: readonly ClaimElsewhere[] | undefined;
  /** Who mounts those. */
  readonly mountsElsewhere?: readonly MountElsewhere[] | undefined;
  /** The one node where it can be mounted now: it is ReadWriteOnce and in use there. */
  readonly node: string | undefined;
}

/**
 * How long the controllers may take to bind a claim to a volume that is there: they look at a claim whose volume came
 * later once in 15 s (kube-controller-manager's --pvclaimbinder-sync-period), and are slow on a busy cluster.
 */
const bindingLimitMs = 40_000;

/** Whether it is a block device, and holds no files. */
export const isDevice = ({ object: { spec } }: Pick<ClaimState, 'object'>): boolean =>
  spec.volumeMode === 'Block';

/** `lab-a/shop/database`: how a claim is named to a person. */
export function describeClaim({ kube, namespace, claim }: ClaimName): string {
  return `${kube.cluster.context}/${namespace}/${claim}`;
}

/** Tells clusters apart: by the UID of kube-system, or by the API server where that may not be read. */
export const clusterOf = async ({ kube }: NamespaceRef, signal: AbortSignal): Promise<string> =>
  (await clusterId(kube, { signal })) ?? kube.cluster.server;

/** Which claim has this name, without a look at what is behind it; undefined where none has. */
export async function findClaim(
  { kube, namespace, claim: name }: ClaimRef,
  signal: AbortSignal,
): Promise<Pick<ClaimState, 'uid'> | undefined> {
  const found = await kube.find(persistentVolumeClaims, { namespace, name }, { signal });
  return found && { uid: found.metadata.uid ?? '' };
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
  const object = await whenBound(ref, first, signal);
  const bound = object.status?.phase === 'Bound';
  const volume = bound ? await readVolume(ref, object, signal) : undefined;
  const mounts = mountsOf(claim, all.items);
  const elsewhere = volume ? await claimsElsewhere(kube, volume, cluster, signal) : [];
  const further = elsewhere.filter((other) => other.namespace !== namespace);
  const beside = [...all.items, ...(await podsBeside(further, signal))];
  return {
    ref,
    uid: object.metadata.uid ?? '',
    object,
    bound,
    volume: volume && volumeIdentity(volume, cluster),
    tree: volume && volumeTree(volume, cluster),
    mounts,
    elsewhere,
    mountsElsewhere: elsewhere.flatMap((other) => mountsBy(other, beside)),
    node: singleNode(object) ? mounts.find(({ node }) => node)?.node : undefined,
  };
}

/**
 * The claim, once it is bound to the volume that is meant for it, where there is one: binding takes the controllers a
 * moment, and what is behind the claim decides what may be done to it. As it is where that takes longer.
 */
async function whenBound(
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
export async function readVolume(
  { kube }: Pick<ClaimRef, 'kube'>,
  { spec }: Pick<PersistentVolumeClaim, 'spec'>,
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
export function mountsOf(claim: string, all: readonly Pod[]): ClaimMount[] {
  return all
    .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
    .filter(({ metadata, spec }) => claimNamesOf(spec, metadata.name).includes(claim))
    .map((pod) => {
      const task = taskOfPod(pod);
      const mover =
        task !== undefined && pod.metadata.labels?.[Label.role] === 'target' && mayWrite(pod, claim);
      const privileges = task === undefined ? undefined : privilegesOf(pod.spec);
      const seLinuxLevel = seLinuxLevelIn(pod, claim);
      return { pod: pod.metadata.name, node: pod.spec.nodeName, task, mover, privileges, seLinuxLevel };
    });
}

function mountsBy(claim: ClaimRef, all: readonly Pod[]): MountElsewhere[] {
  const there = all.filter(({ metadata }) => metadata.namespace === claim.namespace);
  return mountsOf(claim.claim, there).map((mount) => {
    const pod = there.find(({ metadata }) => metadata.name === mount.pod);
    return { ...mount, claim, mayWrite: pod !== undefined && mayWrite(pod, claim.claim) };
  });
}

/** `shop/db-0 (by claim shop/data)`: a pod that has the files of a claim by another one. */
export const describeMount = ({ pod, claim: { namespace, claim } }: MountElsewhere): string =>
  `${namespace}/${pod} (by claim ${namespace}/${claim}, which is the same place)`;

/** Pods of others that have a claim's files, by that claim or another one; a task's mover is somebody's, elsewhere. */
export function usersOf({ mounts, mountsElsewhere = [] }: Mounts): string[] {
  const own = mounts.filter(({ task }) => task === undefined).map(({ pod }) => pod);
  const others = mountsElsewhere.filter(({ task, mover }) => task === undefined || mover);
  return [...own, ...others.map(describeMount)];
}

type Mounts = Pick<ClaimState, 'mounts' | 'mountsElsewhere'>;

/** The SELinux level of the pods that have the claim mounted, a workload's before one of a task; undefined where none names one. */
export function seLinuxLevelOf({ mounts }: Pick<ClaimState, 'mounts'>): string | undefined {
  const named = mounts.filter(({ seLinuxLevel }) => seLinuxLevel !== undefined);
  return (named.find(({ task }) => task === undefined) ?? named[0])?.seLinuxLevel;
}

/** Pods that may change a source while it is copied: its users, and the mover of a task that fills it. */
export function writersOf({ mounts, mountsElsewhere = [] }: Mounts): string[] {
  const isWriter = ({ task, mover }: ClaimMount) => task === undefined || mover;
  const others = mountsElsewhere.filter((mount) => mount.mayWrite && isWriter(mount));
  return [...mounts.filter(isWriter).map(({ pod }) => pod), ...others.map(describeMount)];
}

/** `Bound, 10Gi`, as the claim itself says it. */
export function describeSize({ object }: ClaimState): string {
  const phase = object.status?.phase ?? 'Pending';
  const size = object.status?.capacity?.storage ?? object.spec.resources?.requests?.storage;
  return size ? `${phase}, ${size}` : phase;
}
