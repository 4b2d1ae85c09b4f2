/** A standby, its promotion, and the old primary as the standby of the new one: as a person does it, with real pods. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, deployments } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';
import { containers, podOf, runningWorkload as workload } from './support/running-workloads.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const kinds = ['--kinds', 'cm,pvc,deploy,sts,cronjobs,hpa'];
const standby = ['--standby', ...kinds];

const objects = [
  configMap('settings', { color: 'red' }),
  workload('StatefulSet', 'db', {}),
  workload('StatefulSet', 'files', {
    volumeClaimTemplates: [claim('data', { storageClassName: 'none-such' })],
  }),
  workload('StatefulSet', 'notes', {
    template: podOf('notes', [{ name: 'data', mountPath: '/data' }]),
    volumeClaimTemplates: [claim('data')],
  }),
  workload('Deployment', 'web', {}),
  workload('Deployment', 'edge', { replicas: 2 }, { 'x8s.dev/depends-on': 'Deployment/web' }),
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: {
      schedule: '0 3 1 1 *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers } } } },
    },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  },
] as KubeObject[];

type Scaled = KubeObject & {
  spec: { replicas?: number; suspend?: boolean };
  status?: { readyReplicas?: number };
};

let pair: Pair;

/** How many pods each workload is told to have, and whether the CronJob is suspended. */
async function told(on = pair.to) {
  const [db, files, web, edge, nightly] = await Promise.all([
    pair.find<Scaled>(on, 'statefulsets.apps', 'db'),
    pair.find<Scaled>(on, 'statefulsets.apps', 'files'),
    pair.find<Scaled>(on, 'deployments.apps', 'web'),
    pair.find<Scaled>(on, 'deployments.apps', 'edge'),
    pair.find<Scaled>(on, 'cronjobs.batch', 'nightly'),
  ]);
  const pods = [db, files, web, edge].map((one) => one?.spec.replicas);
  return [...pods, nightly?.spec.suspend];
}

const promote = (...args: string[]) =>
  plugin('nsreplicate', ['promote', contextB, '--primary', contextA, '--name', pair.task, ...args]);

const epochOn = async (on = pair.to) => {
  const name = `nsreplicate-${pair.task}-epoch`;
  return (await on.find(configMaps, { namespace: stateNamespace, name }))?.data?.number;
};

beforeAll(async () => {
  pair = await Pair.open('failover');
  await pair.put(pair.from, ...objects);
});

afterAll(() => pair.close());

test('copies that are there are held, and say what they were; plan and drift agree; an edit is put right', async () => {
  await pair.copy(...kinds);
  expect(await told()).toEqual([1, 1, 1, 2, false]);
  const turnedOn = await pair.look('plan', ...standby);
  expect([turnedOn.code, turnedOn.stdout]).toEqual([
    5,
    expect.stringMatching(/- {2}replicas: 2\n\+ {2}replicas: 0/),
  ]);
  await pair.copy(...standby);
  expect(await told()).toEqual([0, 0, 0, 0, true]);
  const { metadata } = await pair.copyOf('deployments.apps', 'edge');
  expect(metadata.annotations?.['x8s.dev/standby']).toBe('replicas=2');
  expect((await pair.look('plan', ...standby)).code).toBe(0);
  expect((await pair.look('drift', ...standby)).code).toBe(0);
  const web = { namespace: pair.namespace, name: 'web' };
  await pair.to.patch(
    deployments,
    web,
    { spec: { replicas: 1 } },
    { type: 'merge', fieldManager: 'a-person' },
  );
  const planned = await pair.look('plan', ...standby);
  expect([planned.code, planned.stdout]).toEqual([
    5,
    expect.stringMatching(/put-right Deployment\.apps \S+web/),
  ]);
  await pair.copy(...standby);
  expect(await told()).toEqual([0, 0, 0, 0, true]);
});

/** As x8sync does again and again, from a claim that a pod of the primary has mounted. */
async function fill(pod: string): Promise<void> {
  const write = ['-n', pair.namespace, 'exec', pod, '--', 'sh', '-c', 'echo kept > /data/note'];
  await eventually(() => kubectl(contextA, write));
  // A copy that was held a moment ago may not have let go of its claim yet.
  await eventually(async () => expect(await pair.find(pair.to, 'pods', pod)).toBeUndefined());
  const place = `${pair.namespace}/data-${pod}`;
  saidBy(await x8sync(`${contextA}/${place}`, `${contextB}/${place}`), 0);
}

test('a promotion fences the task that runs, wakes workloads wave by wave, and is taken up again', async () => {
  await fill('notes-0');
  const watching = await pair.watch(...standby);
  const looked = await promote('--dry-run');
  expect(looked.code).toBe(0);
  expect(looked.stdout).toMatch(/wave 1: StatefulSet \S+\/db \(1 pod\), StatefulSet \S+\/notes \(1 pod\)/);
  expect(looked.stdout).toMatch(/claim \S+\/data-notes-0: filled by x8sync \S+ before \(/);
  expect(looked.stdout).toMatch(
    /not woken: StatefulSet \S+\/files: nothing was ever copied into a claim of it/,
  );
  expect([await told(), await epochOn()]).toEqual([[0, 0, 0, 0, true], undefined]);

  const promoted = await promote('-y', '--ready-timeout', '180s', '-o', 'json');
  expect(promoted.stderr).toContain('files: nothing was ever copied into a claim of it');
  expect(promoted.code).toBe(5);
  const { woken, open, staleness, tookMs } = JSON.parse(promoted.stdout);
  const name = (kind: string, one: string) => `${kind} ${pair.namespace}/${one}`;
  expect(woken).toEqual([
    name('StatefulSet', 'db'),
    name('StatefulSet', 'notes'),
    name('Deployment', 'web'),
    name('Deployment', 'edge'),
    name('CronJob', 'nightly'),
  ]);
  expect(open).toMatchObject([{ workload: name('StatefulSet', 'files') }]);
  expect(staleness.kinds).toContainEqual(expect.objectContaining({ kind: 'ConfigMap', objects: 1 }));
  expect(tookMs).toBeGreaterThan(0);
  expect(await told()).toEqual([1, 0, 1, 2, false]);
  expect((await pair.copyOf<Scaled>('deployments.apps', 'edge')).status?.readyReplicas).toBe(2);

  const ended = await watching.ended;
  expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining('was promoted at')]);
  expect([await epochOn(), await epochOn(pair.from)]).toEqual(['1', '1']);

  const again = await promote('-y', '--with-empty-claims', '--ready-timeout', '1s');
  expect([again.code, again.stderr]).toEqual([5, expect.stringMatching(/files: 0 of 1 pods are ready/)]);
  expect([await told(), await epochOn()]).toEqual([[1, 1, 1, 2, false], '1']);
});

test('the old primary writes nothing any more, whoever starts the task there', async () => {
  await pair.put(pair.from, configMap('settings', { color: 'late' }));
  const refused = await pair.once(...standby);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('is fenced')]);
  expect((await pair.copyOf('configmaps', 'settings')).data).toEqual({ color: 'red' });
  const promoter = new RegExp(`asked for: promote ${contextB}, by \\S+@\\S+ at `);
  expect((await pair.ask('status')).stdout).toMatch(promoter);
  const status = await pair.ask('failover', 'status');
  expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(/leads since .* \(epoch 1\)/)]);
});

test('demote shows what the old primary has alone, and makes it the standby of the new one', async () => {
  await pair.put(pair.from, configMap('only-here', { a: '1' }));
  await pair.put(pair.to, configMap('made-there', { b: '2' }));
  const flags = ['--name', pair.task, '--sync-namespaces', pair.namespace, ...kinds];
  const demote = (...args: string[]) =>
    plugin('nsreplicate', ['demote', contextA, '--primary', contextB, ...flags, ...args]);
  const looked = await demote('--dry-run');
  expect(looked.stdout).toMatch(/1 that the new primary lacks stay as they are:\n {2}ConfigMap \S+only-here/);
  expect(looked.stdout).toMatch(/- {2}replicas: 1\n\+ {2}replicas: 0/);
  expect((await told(pair.from)).slice(0, 1)).toEqual([1]);
  const demoted = await demote('-y');
  expect([demoted.code, demoted.stderr]).toEqual([
    0,
    expect.stringContaining('--standby --adopt --fail-back'),
  ]);
  expect(await told(pair.from)).toEqual([0, 0, 0, 0, true]);
  const made = await pair.find(pair.from, 'configmaps', 'made-there');
  expect(made?.metadata.annotations?.['x8s.dev/origin']).toContain('epoch=1');
  expect((await pair.find(pair.from, 'configmaps', 'settings'))?.data).toEqual({ color: 'red' });
  expect(await pair.find(pair.from, 'configmaps', 'only-here')).toBeDefined();
  await eventually(async () => {
    const { readyReplicas = 0 } =
      (await pair.find<Scaled>(pair.from, 'deployments.apps', 'edge'))?.status ?? {};
    expect(readyReplicas).toBe(0);
  });
});
