/** A promotion between two fake clusters. */
import { type PromotionOptions, planPromotion } from '../../../plugins/nsreplicate/failover/plan.ts';
import { promote } from '../../../plugins/nsreplicate/failover/promote.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { hastyClock } from './fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from './fake-kube.ts';
import { groups, resource } from './replication.ts';

export const [statefulSets, deployments, cronJobs] = [
  'apps/statefulsets',
  'apps/deployments',
  'batch/cronjobs',
];

export const held = (name: string, original: string, spec: object, dependsOn = ''): KubeObject => ({
  metadata: {
    name,
    namespace: 'shop',
    labels: { 'x8s.dev/replica-of': 't' },
    annotations: {
      'x8s.dev/origin': `cluster=A task=t namespace=shop uid=${name} applied=d sequence=1`,
      'x8s.dev/standby': original,
      'x8s.dev/depends-on': dependsOn,
    },
  },
  spec,
});

/** An old primary and a standby that holds a database, two services and a CronJob. */
export function scene() {
  const objects = { from: new FakeCluster(), to: new FakeCluster() };
  const { to } = objects;
  to.create(statefulSets, held('db', 'replicas=1', { replicas: 0 }));
  to.create(deployments, held('web', 'replicas=2', { replicas: 0 }));
  to.create(deployments, held('edge', 'replicas=3', { replicas: 0 }, 'Deployment/web'));
  to.create(cronJobs, held('nightly', 'suspend=false', { suspend: true }));
  /** Pods are ready as soon as they are wanted. */
  const fakeController = ({ verb }: FakeCall) => {
    if (verb !== 'patch') return;
    for (const collection of [statefulSets, deployments])
      for (const object of to.all(collection)) {
        const { replicas } = object.spec as { replicas: number };
        const status = { readyReplicas: replicas, availableReplicas: replicas };
        to.replace(collection, { ...object, status });
      }
  };
  /** As a workstation sees the two clusters. */
  const connect = (before: (kube: 'from' | 'to', call: FakeCall) => void = () => undefined) => {
    const kubes = { from: fakeKube(objects.from), to: fakeKube(to, { server: 'https://to.invalid' }) };
    kubes.from.before = (call) => before('from', call);
    kubes.to.before = (call) => before('to', call);
    kubes.to.after = fakeController;
    kubes.to.answers.set('/api', () => groups(''));
    const served = [resource('statefulsets', 'StatefulSet'), resource('deployments', 'Deployment')];
    kubes.to.answers.set('/apis', () => groups('apps', ...served));
    return kubes;
  };
  const told = () => [
    ...to.all(statefulSets).map(({ metadata, spec }) => [metadata.name, spec]),
    ...to.all(deployments).map(({ metadata, spec }) => [metadata.name, spec]),
    ...to.all(cronJobs).map(({ metadata, spec }) => [metadata.name, spec]),
  ];
  return { connect, told, objects };
}

export const awake = [
  ['db', { replicas: 1 }],
  ['edge', { replicas: 3 }],
  ['web', { replicas: 2 }],
  ['nightly', { suspend: false }],
];

export function optionsFor(
  { from, to }: { from: FakeKube; to: FakeKube },
  change: Partial<PromotionOptions> = {},
) {
  const options: PromotionOptions = {
    task: 't',
    replica: { name: 'standby', id: 'B', kube: to },
    takesPart: false,
    isPrimary: false,
    guardedBy: undefined,
    others: [{ name: 'prod', id: 'A', kube: from }],
    silent: [],
    mayLack: () => false,
    state: from,
    withEmptyClaims: false,
    timeoutMs: 5000,
    clock: hastyClock(),
    signal: new AbortController().signal,
    info: () => undefined,
    raised: async () => undefined,
    ...change,
  };
  return options;
}

export async function run(options: PromotionOptions) {
  return promote(await planPromotion(options), options);
}
