/** A task that has just the rights that `rbac` prints. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, resourceQuotas } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { Granted } from './support/granted.ts';
import { plugin, startPlugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';
import { judgeConfigMaps } from './support/webhook.ts';

interface QuotaStatus {
  readonly used?: Readonly<Record<string, string>>;
}

const granted = new Granted();
let pair: Pair;
let files: readonly [from: string, to: string];

const flags = () => [
  ...['--name', pair.task, '--sync-namespaces', pair.namespace, '--kinds', 'configmaps'],
  ...['--primary', files[0], '--replica', files[1]],
];
const run = (...args: string[]) => plugin('nsreplicate', [...args, ...flags()]);

beforeAll(async () => {
  pair = await Pair.open('least');
  const { paths, grant } = granted.helper(pair, '--kinds', 'configmaps');
  files = paths;
  await grant();
  await pair.put(pair.from, configMap('kept', { a: '1' }), configMap('gone', { a: '1' }));
});
afterAll(async () => {
  await granted.close();
  await pair.close();
});

test('with just these a task copies, follows changes, and deletes; doctor finds nothing in the way', async () => {
  await eventually(async () => expect(await run('doctor', '-o', 'json')).toMatchObject({ code: 0 }));
  expect(await run('--once', '--prune')).toMatchObject({ code: 0 });
  await pair.equal();
  const running = startPlugin('nsreplicate', flags());
  try {
    await running.saw('compared: ');
    await pair.put(pair.from, configMap('kept', { a: '2' }), configMap('new', { a: '1' }));
    await pair.delete(pair.from, 'configmaps', 'gone');
    await pair.equal();
    expect(running.output.stderr).not.toMatch(/forbidden|may not|cannot/);
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});

test('the replica’s are enough where who reads the primary may list namespaces there', async () => {
  const flags = ['--name', pair.task, '--sync-namespaces', pair.namespace, '--kinds', 'configmaps'];
  const sides = ['--primary', pair.primary, '--replica', files[1]];
  expect(await plugin('nsreplicate', ['doctor', ...flags, ...sides])).toMatchObject({ code: 0 });
  await pair.put(pair.from, configMap('kept', { a: 'by another' }));
  expect(await plugin('nsreplicate', ['--once', ...flags, ...sides])).toMatchObject({ code: 0 });
  await pair.equal();
});

test('doctor says what the replica lacks and refuses, and which quota would be exceeded; nothing is written', async () => {
  const other = await pair.addNamespace('lacking');
  await pair.to.create(configMaps, { metadata: { name: 'x', namespace: pair.namespace } });
  const named = { namespace: other };
  await pair.put(pair.from, configMap('a', {}, named), configMap('b', {}, named), {
    ...claim('disk', { storageClassName: 'none-such' }),
    metadata: { name: 'disk', ...named },
  });
  await granted.give(pair.to, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } });
  // The cluster itself puts one in, and its quota controller may not have heard of it when it counts.
  await eventually(() => pair.to.get(configMaps, { name: 'kube-root-ca.crt', namespace: other }));
  const quota = { metadata: { name: 'few', namespace: other }, spec: { hard: { 'count/configmaps': '1' } } };
  await pair.to.create(resourceQuotas, quota as unknown as KubeObject);
  const used = async () => {
    const { status } = (await pair.to.get(resourceQuotas, quota.metadata)) as { status?: QuotaStatus };
    return status?.used?.['count/configmaps'];
  };
  await eventually(async () => expect(await used()).toBeDefined());
  const doctor = () =>
    plugin('nsreplicate', [
      ...['doctor', '--primary', contextA, '--replica', contextB, '--name', pair.otherTask('lacking')],
      ...['--sync-namespaces', other, '--kinds', 'configmaps,pvc'],
    ]);
  const found = await doctor();
  expect(found).toMatchObject({ code: 5, stderr: expect.stringContaining('something in the way') });
  expect(found.stdout).toMatch(/failed +lacks StorageClass none-such \(for PersistentVolumeClaim \S+disk\)/);
  await eventually(async () => {
    const exceeded = `few would be exceeded: count/configmaps: ${await used()} used and 2 more, of 1`;
    expect((await doctor()).stdout).toMatch(new RegExp(`failed +quota \\S+${exceeded}`));
  });
  expect(await pair.find(pair.to, 'configmaps', 'a', other)).toBeUndefined();
  if (!isLab) return;
  const webhook = await judgeConfigMaps(pair.to, other, () => ({ refuse: 'not on a weekday' }));
  try {
    const refused = /dry run +failed +can't create ConfigMap \S+: .*not on a weekday/;
    await eventually(async () => expect((await doctor()).stdout).toMatch(refused));
  } finally {
    await webhook.close();
  }
});

test('a promotion needs no more than what rbac prints for it', async () => {
  const promoted = await Pair.open('least-up');
  granted.later(() => promoted.close());
  const schedule = {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } },
  };
  const spec = { schedule: '0 3 1 1 *', jobTemplate: { spec: schedule } };
  const nightly = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec,
  } as KubeObject;
  await promoted.put(promoted.from, nightly);
  expect((await promoted.copy('--standby', '--kinds', 'cronjobs')).code).toBe(0);
  const { paths, grant } = granted.helper(promoted, '--kinds', 'cronjobs');
  await grant('--doing', 'promote');
  const promote = ['promote', 'to', '--primary', 'from', '--name', promoted.task, '-y'];
  await eventually(async () => {
    const ended = await plugin('nsreplicate', promote, { KUBECONFIG: paths.join(':') });
    expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 .*woken: CronJob/s);
  });
  expect(await promoted.copyOf('cronjobs', 'nightly')).toMatchObject({ spec: { suspend: false } });
});
