/** The label by which a Service finds the pod that leads. */
import { expect, test } from '@jest/globals';
import { labelLeader } from '../../../../../../plugins/nsreplicate/controller/leading/leader-label.ts';
import { hastyClock } from '../../../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../../../support/fake-cluster.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const pods = '/pods';
const pod = (name: string, leads = false) => ({
  metadata: {
    name,
    namespace: 'x8s-nsreplicate',
    labels: { app: 'x', ...(leads ? { 'x8s.dev/leads': 'true' } : {}) },
  },
});

function scene() {
  const cluster = new FakeCluster();
  for (const one of [pod('a', true), pod('b'), pod('c')]) cluster.create(pods, one);
  const kube = fakeKube(cluster);
  const said: string[] = [];
  const stop = new AbortController();
  const label = () =>
    labelLeader({
      ...{ kube, pod: 'b', clock: hastyClock(), signal: stop.signal },
      warn: (text) => said.push(text),
    });
  const leads = () =>
    cluster
      .all(pods)
      .filter(({ metadata }) => metadata.labels?.['x8s.dev/leads'])
      .map(({ metadata }) => metadata.name);
  return { kube, said, stop, label, leads };
}

test('goes from the pod that led to the one that leads; other labels stay', async () => {
  const { kube, label, leads, said } = scene();
  await label();
  expect([leads(), said]).toEqual([['b'], []]);
  expect(kube.objects.all(pods).every(({ metadata }) => metadata.labels?.app === 'x')).toBe(true);
});

test('is tried again where the cluster refuses it for now, which is said once', async () => {
  const { kube, label, leads, said } = scene();
  let failures = 3;
  kube.before = () => {
    if (failures-- > 0) throw apiError(403, 'not yet', 'Forbidden');
  };
  await label();
  expect([leads(), said]).toEqual([['b'], [expect.stringContaining('not yet')]]);
});

test('is left alone by who leads no more', async () => {
  const { stop, label, leads } = scene();
  stop.abort(new Error('leads no more'));
  await label();
  expect(leads()).toEqual(['a']);
});
