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
import { apiError } from '../../../support/fake-cluster.ts';
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

  describe('of a class that is asked for', () => {
    const { signal } = new AbortController();
    const ref = { namespace: 'shop', claim: 'db' };
    const scene = async () => {
      const kube = fakeKube();
      await kube.create(persistentVolumeClaims, source);
      for (const name of ['fast', 'slow'])
        kube.objects.create('storage.k8s.io/storageclasses', { metadata: { name } });
      const make = (storageClass: string) =>
        createTarget({ kube, ...ref }, { kube, ...ref, claim: 'copy' }, { storageClass }, signal);
      const made = () => kube.find(persistentVolumeClaims, { namespace: 'shop', name: 'copy' });
      return { kube, make, made };
    };

    test('is not made where there is no such class; those that there are, are named', async () => {
      const { make, made } = await scene();
      await expect(make('fsat')).rejects.toMatchObject({
        exitCode: 2,
        message: '--storage-class: fake has no storage class fsat',
        details: ['it has fast, slow'],
      });
      expect(await made()).toBeUndefined();
    });

    test.each(['fast', ''])('is made of class %j', async (name) => {
      const { make } = await scene();
      expect((await make(name))?.claim.spec.storageClassName).toBe(name);
    });

    test('is made where volumes of it were made by hand, and where classes may not be read', async () => {
      const byHand = await scene();
      const volume = { metadata: { name: 'pv' }, spec: { storageClassName: 'manual' } };
      byHand.kube.objects.create('/persistentvolumes', volume);
      expect(await byHand.make('manual')).toBeDefined();
      const blind = await scene();
      blind.kube.before = ({ collection }) => {
        if (/storageclasses$/.test(collection)) throw apiError(403, 'forbidden', 'Forbidden');
      };
      expect(await blind.make('fsat')).toBeDefined();
    });

    test('is not made either where the others may not be listed', async () => {
      const { kube, make } = await scene();
      kube.before = ({ verb }) => {
        if (verb === 'list') throw apiError(403, 'forbidden', 'Forbidden');
      };
      await expect(make('fsat')).rejects.toThrow(/no storage class fsat/);
    });
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
