/** Which VolumeSnapshotClass a snapshot is made by. */
import { expect, test } from '@jest/globals';
import { snapshotWishOf } from '../../../../../plugins/x8sync/commands/options/snapshot-options.ts';
import { frozenClaim } from '../../../../../plugins/x8sync/objects/manifests/snapshot.ts';
import { kindsMadeFor } from '../../../../../plugins/x8sync/objects/sides.ts';
import { permissionsOf } from '../../../../../plugins/x8sync/preflight/permissions.ts';
import { chooseClass } from '../../../../../plugins/x8sync/snapshot/snapshot-class.ts';
import type { VolumeSnapshotClass } from '../../../../../src/kube/api/objects.ts';

const snapshotClass = (name: string, driver: string, isDefault = false): VolumeSnapshotClass => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name, annotations: { 'snapshot.storage.kubernetes.io/is-default-class': `${isDefault}` } },
  driver,
  deletionPolicy: 'Delete',
});
const choose = (classes: readonly VolumeSnapshotClass[], driver: string | undefined, wished?: string) =>
  chooseClass(classes, driver, wished, 'a/shop/data');

test('the one of the driver, or its default', () => {
  expect(choose([snapshotClass('a', 'ebs'), snapshotClass('b', 'ceph')], 'ceph')).toBe('b');
  expect(choose([snapshotClass('a', 'ceph'), snapshotClass('b', 'ceph', true)], 'ceph')).toBe('b');
  expect(choose([snapshotClass('a', 'ceph', true)], undefined)).toBeUndefined();
  expect(choose([snapshotClass('a', 'ceph', true), snapshotClass('b', 'ceph')], 'ceph', 'b')).toBe('b');
});

test('where none fits, or several do, it is said which there are', () => {
  expect(() => choose([snapshotClass('a', 'ebs')], 'local-path')).toThrow(
    'no snapshot of a/shop/data can be made: there is no VolumeSnapshotClass for its driver, local-path',
  );
  expect(() => choose([], undefined)).toThrow('its driver, unknown');
  const two = [snapshotClass('a', 'ceph'), snapshotClass('b', 'ceph')];
  expect(() => choose(two, 'ceph')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('a, b') }),
  );
  expect(() => choose(two, 'ceph', 'c')).toThrow('there is no VolumeSnapshotClass c');
  expect(() => choose(two, 'ebs', 'a')).toThrow(
    'is for driver ceph, and the volume of a/shop/data is of ebs',
  );
});

test('one way at a time, and none for a cutover', () => {
  const none = { snapshot: false, snapshotClass: undefined, clone: false, cutover: false };
  expect(snapshotWishOf(none)).toBeUndefined();
  expect(snapshotWishOf({ ...none, clone: true })).toEqual({ method: 'clone' });
  expect(() => snapshotWishOf({ ...none, snapshot: true, clone: true })).toThrow('give one of them');
  expect(() => snapshotWishOf({ ...none, snapshotClass: 'a' })).toThrow('belongs to --snapshot');
  expect(() => snapshotWishOf({ ...none, snapshot: true, cutover: true })).toThrow('needs no snapshot');
});

test('only a task that froze its source looks for what that made', () => {
  const kinds = (role: string, spec: object) => kindsMadeFor({ role, spec }).map(({ kind }) => kind);
  expect(kinds('source', {})).not.toContain('PersistentVolumeClaim');
  expect(kinds('source', { snapshot: 'snapshot' })).toEqual(
    expect.arrayContaining(['VolumeSnapshot', 'PersistentVolumeClaim']),
  );
  expect(kinds('source', { snapshot: 'clone' })).not.toContain('VolumeSnapshot');
  // The target's claim is a person's, whatever the task was.
  expect(kinds('target', { snapshot: 'snapshot' })).not.toContain('PersistentVolumeClaim');
});

test('the rights for it are asked for at the source only', () => {
  const rights = (role: 'source' | 'target', snapshot: 'snapshot' | 'clone') =>
    permissionsOf(role, 'shop', { server: true, service: false, snapshot }).map(
      ({ verb, resource }) => `${verb} ${resource.plural}`,
    );
  expect(rights('source', 'snapshot')).toEqual(
    expect.arrayContaining(['create volumesnapshots', 'create persistentvolumeclaims']),
  );
  expect(rights('source', 'clone')).not.toContain('create volumesnapshots');
  expect(rights('target', 'snapshot')).not.toContain('delete persistentvolumeclaims');
});

test('a frozen claim is like the source, and belongs to the task', () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }];
  const meta = { name: 'x8sync-t-source', namespace: 'shop', labels: { l: '1' }, ownerReferences };
  const spec = { accessModes: ['ReadWriteOncePod'], storageClassName: 'fast', volumeMode: 'Block' } as const;
  const source = { spec: { ...spec, accessModes: [...spec.accessModes], volumeName: 'pv' } };
  expect(frozenClaim({ meta, selector: {} }, source, { snapshot: 's' }, '3Gi')).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta,
    spec: {
      ...spec,
      resources: { requests: { storage: '3Gi' } },
      dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' },
    },
  });
});
