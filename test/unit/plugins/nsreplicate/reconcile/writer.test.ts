import { expect, test } from '@jest/globals';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { applyCopy } from '../../../../../plugins/nsreplicate/reconcile/apply.ts';
import { type WriteRequest, Writer } from '../../../../../plugins/nsreplicate/reconcile/writer.ts';
import { configMaps, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const claims = '/persistentvolumeclaims';
const place = { namespace: 'shop', name: 'data' };

/** A claim on a replica that waits for its volume, and one whose class is another one. */
function scene(write: WriteRequest['write']) {
  const kube = fakeKube();
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...place },
    spec: { storageClassName: 'slow' },
    status: { phase: 'Pending' },
  };
  kube.objects.create(claims, claim);
  kube.before = ({ verb }) => {
    if (verb === 'apply') throw apiError(422, 'spec: Forbidden: spec is immutable after creation');
  };
  const policy = { exact: false, forceConflicts: false, drift: 'fix', onImmutable: 'recreate' } as const;
  const main = { ...claim, spec: { storageClassName: 'fast' } } as unknown as Draft;
  const request = {
    resource: persistentVolumeClaims,
    main,
    place,
    write,
    digest: 'd',
    digestOf: () => 'd',
    context: {},
  };
  return { kube, write: () => new Writer(kube, policy, { now: () => new Date(0) }).write(request, {}) };
}

test('a claim that is bound while it is about to be made anew stays', async () => {
  const { kube, write } = scene({ outcome: 'update', why: 'changed', force: false });
  const refuse = kube.before;
  kube.before = (call) => {
    const claim = call.verb === 'delete' ? kube.objects.find(claims, 'shop', 'data') : undefined;
    if (claim)
      kube.objects.replace(claims, { ...claim, spec: { ...(claim.spec as object), volumeName: 'pv-1' } });
    return refuse(call);
  };
  await expect(write()).rejects.toMatchObject({ code: 409 });
  expect(kube.objects.find(claims, 'shop', 'data')?.spec).toMatchObject({ volumeName: 'pv-1' });
});

test('what appeared since it was looked for is not made anew', async () => {
  const { kube, write } = scene({ outcome: 'create', why: 'absent', force: false });
  await expect(write()).rejects.toMatchObject({ code: 422 });
  expect(kube.objects.find(claims, 'shop', 'data')?.spec).toEqual({ storageClassName: 'slow' });
  expect(kube.calls.map(({ verb }) => verb)).toEqual(['apply']);
});

test('annotations that leave no room for the mark of a copy are said to, and nothing is made anew', async () => {
  const kube = fakeKube();
  kube.before = () => {
    throw apiError(422, 'metadata.annotations: Too long: may not be more than 262144 bytes');
  };
  const annotations = { note: 'x'.repeat(262_100), 'x8s.dev/origin': 'of='.repeat(20) };
  const main: Draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...place, annotations } };
  await expect(applyCopy(kube, configMaps, main, { force: false })).rejects.toMatchObject({
    reason: 'too-large',
    message: expect.stringMatching(
      /ConfigMap data: a copy bears x8s\.dev\/origin \(74 bytes\), which no longer fits/,
    ),
  });
  expect(kube.calls.map(({ verb }) => verb)).toEqual(['apply']);
});
