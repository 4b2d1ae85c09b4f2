import { expect, test } from '@jest/globals';
import { orderOf } from '../../../../../plugins/nsreplicate/failover/order.ts';
import { type WorkloadKind, workloadOf } from '../../../../../plugins/nsreplicate/failover/workloads.ts';

const workload = (kind: WorkloadKind, name: string, dependsOn = '', namespace = 'shop') =>
  workloadOf(kind, { metadata: { name, namespace, annotations: { 'x8s.dev/depends-on': dependsOn } } });

const wavesOf = (...workloads: ReturnType<typeof workload>[]) => {
  const { waves, notes } = orderOf(workloads);
  return { waves: waves.map((wave) => wave.map(({ object }) => object.metadata.name)), notes };
};

test('StatefulSets come before Deployments, and CronJobs last', () => {
  expect(
    wavesOf(workload('CronJob', 'nightly'), workload('Deployment', 'web'), workload('StatefulSet', 'db')),
  ).toEqual({ waves: [['db'], ['web'], ['nightly']], notes: [] });
});

test('namespaces do not wait for each other', () => {
  expect(wavesOf(workload('StatefulSet', 'db'), workload('Deployment', 'web', '', 'pay')).waves).toEqual([
    ['db', 'web'],
  ]);
});

test('what a workload says that it depends on comes before it, against the order of kinds too', () => {
  expect(
    wavesOf(
      workload('Deployment', 'web', 'Deployment/api'),
      workload('StatefulSet', 'db', 'Deployment/vault'),
      workload('Deployment', 'api'),
      workload('Deployment', 'vault'),
    ).waves,
  ).toEqual([['vault'], ['db'], ['api'], ['web']]);
});

test('circles and what is not there hold nothing up, and are said', () => {
  const { waves, notes } = wavesOf(
    workload('Deployment', 'a', 'Deployment/b'),
    workload('Deployment', 'b', 'Deployment/a, Deployment/gone'),
  );
  expect(waves.flat().sort()).toEqual(['a', 'b']);
  expect(notes).toEqual([
    'Deployment shop/b depends on Deployment/gone, which is no workload of the task',
    expect.stringMatching(/depends on itself by way of/),
  ]);
});
