/** What becomes of copies when their KRMSyncer is deleted, and what holds the resource until then. */
import { describe, expect, test } from '@jest/globals';
import {
  copiesFinalizer,
  deletionPolicyAnnotation,
  deletionStepOf,
  setFinalizer,
} from '../../../../../../plugins/nsreplicate/controller/resource/deletion.ts';
import type { SyncerObject } from '../../../../../../plugins/nsreplicate/controller/resource/resource.ts';
import { FakeCluster } from '../../../../support/fake-cluster.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const collection = 'syncer.gkelabs.io/krmsyncers';

function syncer(policy: string | undefined, held: boolean, going: boolean): SyncerObject {
  const finalizers = ['others.dev/theirs', ...(held ? [copiesFinalizer] : [])];
  return {
    metadata: {
      namespace: 'n',
      name: 's',
      finalizers,
      ...(policy !== undefined && { annotations: { [deletionPolicyAnnotation]: policy } }),
      ...(going && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
  };
}

describe('the step that has to be taken', () => {
  test.each([
    [undefined, false, false, 'none'],
    [undefined, false, true, 'none'],
    ['keep', true, false, 'release'],
    ['keep', true, true, 'release'],
    ['delete', false, false, 'hold'],
    ['delete', false, true, 'none'],
    ['delete', true, false, 'none'],
    ['delete', true, true, 'delete-copies'],
  ] as const)('policy %s, held %s, being deleted %s: %s', (policy, held, going, step) => {
    expect(deletionStepOf(syncer(policy, held, going))).toBe(step);
  });

  test('another word is refused', () => {
    expect(() => deletionStepOf(syncer('Delete', false, false))).toThrow('must be "keep" or "delete"');
  });
});

describe('the finalizer', () => {
  function scene() {
    const objects = new FakeCluster();
    const kube = fakeKube(objects);
    const made = objects.create(collection, syncer('delete', false, false)) as SyncerObject;
    const finalizers = () => objects.find(collection, 'n', 's')?.metadata.finalizers;
    return { kube, made, finalizers };
  }

  test('is put on and taken off beside those of others', async () => {
    const { kube, made, finalizers } = scene();
    await setFinalizer(kube, made, true);
    expect(finalizers()).toEqual(['others.dev/theirs', copiesFinalizer]);
    await setFinalizer(kube, made, true);
    await setFinalizer(kube, made, false);
    expect(finalizers()).toEqual(['others.dev/theirs']);
  });

  test('is put on no other resource of the same name, and one that is gone needs none', async () => {
    const { kube, made, finalizers } = scene();
    await setFinalizer(kube, { ...made, metadata: { ...made.metadata, uid: 'another' } }, true);
    expect(finalizers()).toEqual(['others.dev/theirs']);
    await setFinalizer(kube, { metadata: { namespace: 'n', name: 'gone', uid: 'u' } }, true);
  });
});
