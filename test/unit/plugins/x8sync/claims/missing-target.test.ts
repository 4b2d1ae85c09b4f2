/** A target claim that does not exist. */
import { beforeEach, expect, test } from '@jest/globals';
import { readTarget } from '../../../../../plugins/x8sync/claims/missing-target.ts';
import { isNotFound } from '../../../../../src/kube/api/api-error.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

let kube: FakeKube;
beforeEach(() => {
  kube = fakeKube();
  kube.objects.create('/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
  });
});

const failureOf = (namespace: string) =>
  readTarget({ kube, namespace, claim: 'data' }, 'cluster', new AbortController().signal).then(
    () => undefined,
    (error: unknown) => error,
  );
const hint = "a copy with --create-target makes this claim, in the source's likeness";

test('is named with the flag that makes it, and stays what it is for whoever asks', async () => {
  const error = await failureOf('shop');
  expect(error).toMatchObject({ hint, exitCode: 1, message: expect.stringMatching(/data.* not found/) });
  expect(isNotFound(error)).toBe(true);
});

test('of a namespace that does not exist needs that first, which --create-target does not make', async () => {
  expect(await failureOf('gone')).toMatchObject({
    hint: 'fake has no namespace gone: make it, and a copy with --create-target makes the claim',
  });
});

test('of a namespace that this user may not look at is named with the flag', async () => {
  kube.before = ({ collection }) => {
    if (collection === '/namespaces') throw apiError(403, 'no');
  };
  expect(await failureOf('gone')).toMatchObject({ hint });
});

test('any other failure is none of that', async () => {
  kube.before = () => {
    throw apiError(403, 'no');
  };
  expect(await failureOf('shop')).not.toHaveProperty('hint', hint);
});
