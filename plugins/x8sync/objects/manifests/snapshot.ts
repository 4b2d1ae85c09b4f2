/** A snapshot of the source claim, and the claim that is made of it, or as a clone. */
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../../../src/kube/api/objects.ts';
import { apiVersionOf, volumeSnapshots } from '../../../../src/kube/api/resources.ts';
import type { SideMeta } from './service.ts';

export function sourceSnapshot(
  { meta }: SideMeta,
  claim: string,
  snapshotClass: string | undefined,
): VolumeSnapshot {
  return {
    apiVersion: apiVersionOf(volumeSnapshots),
    kind: volumeSnapshots.kind,
    metadata: { ...meta },
    spec: {
      ...(snapshotClass !== undefined && { volumeSnapshotClassName: snapshotClass }),
      source: { persistentVolumeClaimName: claim },
    },
  };
}

/** What a frozen claim is made of: the task's own snapshot, or the source claim itself. */
export type FrozenFrom = { readonly snapshot: string } | { readonly claim: string };

/** @param size as Kubernetes takes it: `20Gi`. */
export function frozenClaim(
  { meta }: SideMeta,
  { spec }: Pick<PersistentVolumeClaim, 'spec'>,
  from: FrozenFrom,
  size: string,
): PersistentVolumeClaim {
  const dataSource =
    'snapshot' in from
      ? { apiGroup: volumeSnapshots.group, kind: volumeSnapshots.kind, name: from.snapshot }
      : { kind: 'PersistentVolumeClaim', name: from.claim };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...meta },
    spec: {
      accessModes: [...(spec.accessModes ?? ['ReadWriteOnce'])],
      resources: { requests: { storage: size } },
      ...(spec.storageClassName !== undefined && { storageClassName: spec.storageClassName }),
      ...(spec.volumeMode !== undefined && { volumeMode: spec.volumeMode }),
      dataSource,
    },
  };
}
