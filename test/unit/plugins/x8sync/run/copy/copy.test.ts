import { expect, test } from '@jest/globals';
import { copy } from '../../../../../../plugins/x8sync/run/copy/copy.ts';
import type { Mode } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { systemClock as clock } from '../../../../../../src/clock.ts';
import { ApiError } from '../../../../../../src/kube/api/api-error.ts';
import { createSilentReporter } from '../../../../../../src/ui/silent-reporter.ts';
import { type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';

const reviews = '/apis/authorization.k8s.io/v1';

function cluster(context: string): FakeKube {
  const kube = fakeKube(undefined, { context, server: `https://${context}.invalid` });
  kube.answers.set(`${reviews}/selfsubjectrulesreviews`, () => ({ status: {} }));
  kube.answers.set(`${reviews}/selfsubjectaccessreviews`, () => ({ status: { allowed: true } }));
  return kube;
}

/** Runs a copy between two claims that do not exist. */
function copyNothing(source: FakeKube, target: FakeKube, mode: Mode = 'merge'): Promise<unknown> {
  const context = {
    reporter: createSilentReporter(),
    clock,
    signal: new AbortController().signal,
    onAbandoned: () => {},
  };
  const request = {
    source: { kube: source, namespace: 'shop', claim: 'from' },
    target: { kube: target, namespace: 'shop', claim: 'to' },
    name: undefined,
    mode,
    allowMounted: false,
    trustedXattrs: false,
    checksum: false,
    strategies: [],
    image: 'mover',
    timeoutMs: 1000,
  };
  return copy(request, context);
}

const writes = ({ calls }: FakeKube) =>
  calls.filter(({ verb }) => !['get', 'list', 'watch', 'request'].includes(verb));

test('a claim that does not exist ends the run before anything is made in either cluster', async () => {
  const [source, target] = [cluster('one'), cluster('two')];
  await expect(copyNothing(source, target)).rejects.toThrow(/"from" not found/);
  expect([...writes(source), ...writes(target)]).toEqual([]);
});

test('a target that does not exist is named with the flag that makes it, and a source is not', async () => {
  const [source, target] = [cluster('one'), cluster('two')];
  await expect(copyNothing(source, target)).rejects.toMatchObject({ hint: undefined });
  source.objects.create('/persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'from', namespace: 'shop' },
    spec: {},
    status: { phase: 'Bound' },
  });
  const missing = {
    message: expect.stringMatching(/"to" not found/),
    hint: expect.stringMatching(/--create-target/),
  };
  await expect(copyNothing(source, target)).rejects.toMatchObject(missing);
  await expect(copyNothing(source, target, 'verify')).rejects.toMatchObject({ hint: undefined });
  expect([...writes(source), ...writes(target)]).toEqual([]);
});

test('the first failure is the one that is shown, and what runs beside it is stopped', async () => {
  const [source, target] = [cluster('one'), cluster('two')];
  source.before = () => {
    throw new ApiError(500, undefined, 'etcd is away');
  };
  // The other side would never answer.
  target.before = () => new Promise(() => {});
  await expect(copyNothing(source, target)).rejects.toThrow('etcd is away');
});
