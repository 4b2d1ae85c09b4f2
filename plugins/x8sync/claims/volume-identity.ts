/**
 * Which storage a PersistentVolume stands for, so that two claims on the same data are found out even where
 * their names, namespaces or clusters differ.
 */
import { posix } from 'node:path';
import type { PersistentVolume } from '../../../src/kube/api/objects.ts';
import type { Relation } from '../mover/copy/relation.ts';
import { isWithin } from '../mover/volume/volume-location.ts';

type Source = Record<string, unknown>;

/** The fields of each volume source that name the storage itself. Order: most common first. */
const identifying: readonly (readonly [source: string, fields: readonly string[]])[] = [
  ['csi', ['driver', 'volumeHandle']],
  ['nfs', ['server', 'path']],
  ['awsElasticBlockStore', ['volumeID']],
  ['gcePersistentDisk', ['pdName']],
  ['azureDisk', ['diskURI']],
  ['azureFile', ['shareName', 'secretName']],
  ['cephfs', ['monitors', 'path']],
  ['rbd', ['monitors', 'pool', 'image']],
  ['iscsi', ['targetPortal', 'iqn', 'lun']],
  ['fc', ['targetWWNs', 'lun', 'wwids']],
  ['glusterfs', ['endpoints', 'path']],
  ['vsphereVolume', ['volumePath']],
  ['cinder', ['volumeID']],
  ['portworxVolume', ['volumeID']],
];

/** Sources whose path means something on one node only, so that the cluster and the node are part of it. */
const nodeBound = ['local', 'hostPath'];

/**
 * A text that is equal for two volumes only where they are the same storage, or undefined where nothing can
 * be said.
 *
 * @param cluster identity of the cluster (UID of kube-system); decides only for node-bound volumes.
 */
export function volumeIdentity(volume: PersistentVolume, cluster: string): string | undefined {
  for (const [kind, fields] of identifying) {
    const source = volume.spec[kind] as Source | undefined;
    if (source) return JSON.stringify([kind, ...fields.map((field) => source[field] ?? null)]);
  }
  for (const kind of nodeBound) {
    const source = volume.spec[kind] as Source | undefined;
    if (source) return JSON.stringify([kind, cluster, source.path, volume.spec.nodeAffinity ?? null]);
  }
  return undefined;
}

/** A folder of some storage: volumes of one storage may lie in each other. */
export interface VolumeTree {
  /** Equal for two folders of one storage. */
  readonly storage: string;
  /** Absolute, without `..` and a slash at the end. */
  readonly path: string;
}

/** Drivers whose volumes are folders of a server, and the attributes that name both. */
const exporting: Readonly<Record<string, (attributes: Source) => readonly [server: unknown, path: string]>> =
  {
    // github.com/kubernetes-csi/csi-driver-nfs, docs/driver-parameters.md
    'nfs.csi.k8s.io': ({ server, share, subdir }) => [server, posix.join(textOf(share), textOf(subdir))],
  };

/**
 * The folder that a volume is, where its fields tell: of an NFS server, or of one node. Undefined where they do not;
 * a `hostPath` alone does not name its node. The pods of a copy look once more, at what is really mounted.
 */
export function volumeTree(volume: PersistentVolume, cluster: string): VolumeTree | undefined {
  const { nfs, csi, local, hostPath, nodeAffinity } = volume.spec as Record<string, Source | undefined>;
  if (nfs) return treeOf(['nfs', nfs.server], textOf(nfs.path));
  const folder = csi && exporting[textOf(csi.driver)]?.((csi.volumeAttributes ?? {}) as Source);
  if (folder) return folder[0] === undefined ? undefined : treeOf(['nfs', folder[0]], folder[1]);
  const onNode = local ?? hostPath;
  if (!onNode || !nodeAffinity) return undefined;
  return treeOf(['node', cluster, nodeAffinity], textOf(onNode.path));
}

function treeOf(storage: readonly unknown[], path: string): VolumeTree {
  return { storage: JSON.stringify(storage), path: posix.resolve('/', path) };
}

/** Whether two folders are one, or the one lies in the other; `unknown` where the fields do not say. */
export function relationOfTrees(source: VolumeTree | undefined, target: VolumeTree | undefined): Relation {
  if (!source || !target || source.storage !== target.storage) return 'unknown';
  if (source.path === target.path) return 'same';
  if (isWithin(source.path, target.path)) return 'source in target';
  return isWithin(target.path, source.path) ? 'target in source' : 'apart';
}

/**
 * The claims of a cluster that are bound to other volumes of the same storage: the very place, a folder in it, or one that
 * it lies in. Who mounts one of them has its files.
 */
export function claimsOfSamePlace(
  own: PersistentVolume,
  all: readonly PersistentVolume[],
  cluster: string,
): { readonly namespace: string; readonly claim: string }[] {
  const identity = volumeIdentity(own, cluster);
  const tree = volumeTree(own, cluster);
  const nested: readonly Relation[] = ['same', 'source in target', 'target in source'];
  return all.flatMap((other) => {
    const { namespace, name } = other.spec.claimRef ?? {};
    if (other.metadata.name === own.metadata.name || !namespace || !name) return [];
    const isSame = identity !== undefined && volumeIdentity(other, cluster) === identity;
    if (!isSame && !nested.includes(relationOfTrees(volumeTree(other, cluster), tree))) return [];
    return [{ namespace, claim: name }];
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
