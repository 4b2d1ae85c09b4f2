import { expect, test } from '@jest/globals';
import { checkPermissions, type Makes } from '../../../../../plugins/x8sync/preflight/permissions.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const reviews = '/apis/authorization.k8s.io/v1';
const signal = new AbortController().signal;

/** A cluster that grants all but these verbs on these resources. */
function clusterWithout(context: string, ...missing: [verb: string, resource: string][]): FakeKube {
  const kube = fakeKube(undefined, { context });
  kube.answers.set(`${reviews}/selfsubjectrulesreviews`, () => ({ status: {} }));
  kube.answers.set(`${reviews}/selfsubjectaccessreviews`, ({ body }) => {
    const { verb, resource } = (body as { spec: { resourceAttributes: { verb: string; resource: string } } })
      .spec.resourceAttributes;
    return { status: { allowed: !missing.some(([v, r]) => v === verb && r === resource) } };
  });
  return kube;
}

const all = { server: true, service: true };
const check = (source: FakeKube, target: FakeKube, makes: Makes = all) =>
  checkPermissions(
    {
      source: { kube: source, namespace: 'shop', claim: 'data' },
      target: { kube: target, namespace: 'shop', claim: 'data' },
    },
    makes,
    signal,
  );

test('nothing is said where all is granted', async () => {
  await expect(check(clusterWithout('one'), clusterWithout('two'))).resolves.toBeUndefined();
});

test('each side is asked for what it needs only', async () => {
  // The source runs no Job, and the target neither a StatefulSet nor a Service.
  const source = clusterWithout('one', ['create', 'jobs']);
  const target = clusterWithout('two', ['create', 'statefulsets'], ['create', 'services']);
  await expect(check(source, target)).resolves.toBeUndefined();
});

test('a mount takes neither keys nor a server, and a relay no Service', async () => {
  const here = clusterWithout('one', ['create', 'statefulsets'], ['get', 'secrets'], ['create', 'services']);
  await expect(check(here, here, { server: false, service: false })).resolves.toBeUndefined();
  const relayed = clusterWithout('one', ['create', 'services']);
  await expect(check(relayed, relayed, { server: true, service: false })).resolves.toBeUndefined();
  await expect(check(here, here, { server: true, service: false })).rejects.toMatchObject({ exitCode: 4 });
});

test('where the source dials, the Service is the target’s, and who may exec is asked at the source', async () => {
  const source = clusterWithout('one', ['create', 'services'], ['create', 'jobs']);
  const target = clusterWithout('two', ['create', 'statefulsets']);
  await expect(check(source, target, { ...all, push: true })).resolves.toBeUndefined();
  await expect(check(target, source, { ...all, push: true })).rejects.toMatchObject({ exitCode: 4 });
  const noExec = clusterWithout('one', ['get', 'pods']);
  const needs = { ...all, push: true, addresses: true };
  await expect(check(noExec, target, needs)).rejects.toMatchObject({
    details: expect.arrayContaining([expect.stringMatching(/pods\/exec/)]),
  });
});

test('a missing verb is named with its cluster, and the exit code is 4', async () => {
  const attempt = check(clusterWithout('one'), clusterWithout('two', ['delete', 'jobs']));
  await expect(attempt).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('two'),
    details: [expect.stringMatching(/delete jobs/)],
  });
});

test('what both sides lack is said at once', async () => {
  const attempt = check(
    clusterWithout('one', ['create', 'statefulsets']),
    clusterWithout('two', ['create', 'jobs']),
  );
  await expect(attempt).rejects.toMatchObject({
    exitCode: 4,
    details: [expect.stringMatching(/create statefulsets/), expect.stringMatching(/create jobs/)],
  });
});

test('where a relay or a load balancer is all that may be tried, what it takes is asked for beforehand', async () => {
  const { madeFor } = await import('../../../../../plugins/x8sync/connect/strategies.ts');
  const lame = clusterWithout('one', ['create', 'pods'], ['get', 'pods']);
  await expect(check(lame, lame, madeFor(['relay']))).rejects.toMatchObject({
    details: expect.arrayContaining([expect.stringMatching(/create pods\/portforward/)]),
  });
  await expect(check(lame, lame, madeFor(['loadbalancer']))).rejects.toMatchObject({
    details: expect.arrayContaining([expect.stringMatching(/create pods\/exec/)]),
  });
});
