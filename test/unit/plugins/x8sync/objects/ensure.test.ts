import { expect, test } from '@jest/globals';
import { ensure } from '../../../../../plugins/x8sync/objects/ensure.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import { services } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x8sync-db-source', uid: '1' }];
const metadata = { name: 'x8sync-db-source', namespace: 'shop', labels: {}, ownerReferences };
const service = (type: 'NodePort' | 'ClusterIP') => ({ metadata, spec: { type } });
const options = { timeoutMs: 1000, signal: new AbortController().signal };
const reviews = '/apis/authorization.k8s.io/v1';

/** A server that declines every create from now on, by a quota or by a missing right. */
function declining({ allowed }: { allowed: boolean }) {
  const kube = fakeKube();
  kube.answers.set(`${reviews}/selfsubjectrulesreviews`, () => ({ status: {} }));
  kube.answers.set(`${reviews}/selfsubjectaccessreviews`, () => ({ status: { allowed } }));
  const decline = () => {
    kube.before = ({ verb }) => {
      if (verb === 'create') throw new ApiError(403, undefined, 'declined');
    };
  };
  return { kube, decline };
}

test('an object that is there already is taken up, although a quota declines a second one', async () => {
  const { kube, decline } = declining({ allowed: true });
  const made = await ensure(kube, services, service('NodePort'), options);
  decline();
  const again = await ensure(kube, services, service('NodePort'), options);
  expect(again.metadata.uid).toBe(made.metadata.uid);
});

test('one that will not do stays, where it could not be made anew', async () => {
  const { kube, decline } = declining({ allowed: true });
  await ensure(kube, services, service('NodePort'), options);
  decline();
  const attempt = ensure(kube, services, service('ClusterIP'), options);
  await expect(attempt).rejects.toThrow(RefusedError);
  expect((await kube.get(services, metadata)).spec.type).toBe('NodePort');
});

test('a missing right and a limit of the cluster are distinguished by asking', async () => {
  for (const [allowed, exitCode] of [
    [true, 3],
    [false, 4],
  ] as const) {
    const { kube, decline } = declining({ allowed });
    decline();
    const attempt = ensure(kube, services, service('NodePort'), options);
    await expect(attempt).rejects.toMatchObject({ message: 'declined', exitCode });
  }
});
