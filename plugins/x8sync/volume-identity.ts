/**
 * Which storage a PersistentVolume stands for, so that two claims on the same data are found out even where
 * their names, namespaces or clusters differ.
 */
import type { PersistentVolume } from '../../src/kube/objects.ts';

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
