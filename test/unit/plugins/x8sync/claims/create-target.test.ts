/** Claims that are made in another's likeness. */
import { describe, expect, test } from '@jest/globals';
import {
  createTarget,
  parseAccessMode,
  parseSize,
  targetLike,
} from '../../../../../plugins/x8sync/claims/create-target.ts';
import type { PersistentVolumeClaim } from '../../../../../src/kube/api/objects.ts';
import { persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const source = {
  metadata: { name: 'db', namespace: 'shop', uid: 'u', labels: { app: 'db' }, annotations: { a: 'b' } },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '10Gi' } },
    storageClassName: 'fast',
    volumeName: 'pv-1',
    volumeMode: 'Filesystem',
  },
  status: { phase: 'Bound', capacity: { storage: '20Gi' } },
} as unknown as PersistentVolumeClaim;
const place = { namespace: 'new', name: 'db' };

describe('a target claim', () => {
  test('is like the source, as large as its volume really is, and bound to nothing', () => {
    expect(targetLike(source, place, { storageClass: 'fast' })).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...place, labels: { app: 'db' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '20Gi' } },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
    });
  });

  test('is what was asked for', () => {
    const { spec } = targetLike(source, place, { size: '5Gi', accessModes: ['ReadWriteMany'] });
    expect(spec).toMatchObject({
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '5Gi' } },
    });
    expect(spec).not.toHaveProperty('storageClassName');
  });

  test('can be written to, and gets a volume, where the source can only be read or was made by hand', async () => {
    const kube = fakeKube();
    const { name, namespace } = { name: 'static', namespace: 'shop' };
    const spec = { accessModes: ['ReadOnlyMany'], storageClassName: '', volumeName: 'pv-1' };
    await kube.create(persistentVolumeClaims, { metadata: { name, namespace }, spec } as never);
    const ref = (claim: string) => ({ kube, namespace, claim });
    const { signal } = new AbortController();
    const made = await createTarget(ref(name), ref('copy'), {}, signal);
    expect(made?.claim.spec).toMatchObject({ accessModes: ['ReadWriteOnce'] });
    expect(made?.claim.spec).not.toHaveProperty('storageClassName');
    const asked = await createTarget(ref(name), ref('other'), { storageClass: '' }, signal);
    expect(asked?.claim.spec).toHaveProperty('storageClassName', '');
  });

  test('bears no label by which a controller would take it for its own', async () => {
    const kube = fakeKube();
    const marks = {
      'app.kubernetes.io/instance': 'shop',
      'argocd.argoproj.io/instance': 'shop',
      'kustomize.toolkit.fluxcd.io/name': 'shop',
      'helm.toolkit.fluxcd.io/namespace': 'flux',
      'kapp.k14s.io/app': '1',
      'app.kubernetes.io/managed-by': 'Helm',
      'olm.owner': 'db-operator',
      'objectset.rio.cattle.io/hash': '2',
      'applyset.kubernetes.io/part-of': 'set',
    };
    const labels = { app: 'db', 'app.kubernetes.io/name': 'db', ...marks };
    await kube.create(persistentVolumeClaims, { ...source, metadata: { ...source.metadata, labels } });
    const { signal } = new AbortController();
    const from = { kube, namespace: 'shop', claim: 'db' };
    const made = await createTarget(from, { ...from, claim: 'copy' }, {}, signal);
    expect(made?.claim.metadata.labels).toEqual({ app: 'db', 'app.kubernetes.io/name': 'db' });
    expect(made?.leftOut).toEqual(Object.keys(marks));
  });

  test('has no size and no mode that is none', () => {
    expect(parseAccessMode('RWX')).toBe('ReadWriteMany');
    expect(() => parseAccessMode('ROX')).toThrow('--access-mode');
    expect(() => parseSize('ten')).toThrow('--size');
    expect(() => parseSize('0')).toThrow('--size');
  });
});
