/** A task that has just the rights that `rbac` prints, and one of them less. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { identify } from '../../plugins/nsreplicate/clusters/cluster.ts';
import { examineRights } from '../../plugins/nsreplicate/preflight/doctor.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { readJobs } from '../../plugins/nsreplicate/state/state.ts';
import type { PolicyRule } from '../../src/kube/access.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { configMaps, resourceQuotas } from '../../src/kube/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { Holder, type Role } from './support/grants.ts';
import { plugin, startPlugin } from './support/kubectl.ts';
import { connectTo, Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';
import { once } from './support/replication.ts';
import { judgeConfigMaps } from './support/webhook.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const signal = new AbortController().signal;
const undo: (() => Promise<unknown>)[] = [];
let pair: Pair;
let files: readonly [from: string, to: string];
let least: Holder;

const flags = () => [
  ...['--name', pair.task, '--sync-namespaces', pair.namespace, '--kinds', 'configmaps'],
  ...['--primary', files[0], '--replica', files[1]],
];
const run = (...args: string[]) => plugin('nsreplicate', [...args, ...flags()]);

beforeAll(async () => {
  pair = await Pair.open('least');
  least = new Holder(folder);
  files = least.paths;
  await least.grant(pair.from, pair.to, [...pair.flags, '--kinds', 'configmaps']);
  await pair.put(pair.from, configMap('kept', { a: '1' }), configMap('gone', { a: '1' }));
}, 60_000);
afterAll(async () => {
  for (const one of undo.reverse()) await one().catch(() => undefined);
  await least.forget();
  await pair.close();
  rmSync(folder, { recursive: true });
}, 60_000);

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
}, 120_000);

test('for each of them that is taken away, that verb is named: before the first copy, and by the run that needs it', async () => {
  const [from, to] = await Promise.all([connectTo(files[0]), connectTo(files[1])]);
  const [primary, replica] = await Promise.all([identify('from', from), identify('to', to)]);
  const rules = [ruleFor('', 'ConfigMap')];
  const prune = { prune: true, claims: false, namespaces: false, definitions: false };
  const task = { spec: pair.spec({ rules, prune }), primary, replicas: [replica], state: from, signal };
  const denied = async () =>
    (await examineRights(task)).filter(({ verdict }) => verdict === 'denied').map(({ message }) => message);
  let count = 0;
  for (const one of least.grants.verbs())
    await least.grants.without(one, async () => {
      const { role, rule, verb } = one;
      const named = [
        expect.stringMatching(new RegExp(`${least.person.name} .*may not ${verb} ${rule.resources[0]}`)),
      ];
      await eventually(async () => expect(await denied()).toEqual(named));
      if (!isUsedOnce(role, rule, verb)) return;
      await pair.put(pair.from, configMap('kept', { a: verb }), configMap(`c-${++count}`, {}));
      await pair.put(pair.from, configMap(`d-${count}`, {}));
      const told = await once(task, task.spec).then(
        async (status) => JSON.stringify([status, await readJobs(pair.from, pair.task)]),
        (error: Error) => error.message,
      );
      expect(told).toMatch(new RegExp(`(cannot|may not) ${verb}`));
    });
  expect(count).toBeGreaterThan(4);
  await Promise.all([from.close(), to.close()]);
}, 180_000);

/** What one comparison can't do without: the others are for what comes later. */
const isUsedOnce = (
  { kind, metadata: { name, namespace } }: Role,
  { resources }: PolicyRule,
  verb: string,
): boolean =>
  kind === 'Role' &&
  ((name.endsWith('-primary') && resources.includes('configmaps') && verb === 'list') ||
    (name.endsWith('-replica') &&
      namespace === pair.namespace &&
      ['list', 'patch', 'create'].includes(verb)) ||
    (name.endsWith('-state') && verb === 'get'));

test('doctor says what the replica lacks and refuses, and which quota would be exceeded; nothing is written', async () => {
  const other = await pair.addNamespace('lacking');
  await pair.to.create(configMaps, { metadata: { name: 'x', namespace: pair.namespace } });
  const named = { namespace: other };
  await pair.put(pair.from, configMap('a', {}, named), configMap('b', {}, named), {
    ...claim('disk', { storageClassName: 'none-such' }),
    metadata: { name: 'disk', ...named },
  });
  await least.grants.give(pair.to, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } }]);
  const quota = { metadata: { name: 'few', namespace: other }, spec: { hard: { 'count/configmaps': '2' } } };
  await pair.to.create(resourceQuotas, quota as unknown as KubeObject);
  await eventually(async () =>
    expect(await pair.to.find(resourceQuotas, quota.metadata)).toMatchObject({
      status: { used: { 'count/configmaps': '1' } },
    }),
  );
  const doctor = () =>
    plugin('nsreplicate', [
      ...['doctor', '--primary', contextA, '--replica', contextB, '--name', pair.otherTask('lacking')],
      ...['--sync-namespaces', other, '--kinds', 'configmaps,pvc'],
    ]);
  const found = await doctor();
  expect(found).toMatchObject({ code: 5, stderr: expect.stringContaining('something in the way') });
  expect(found.stdout).toMatch(/failed +lacks StorageClass none-such \(for PersistentVolumeClaim \S+disk\)/);
  expect(found.stdout).toMatch(
    /failed +quota \S+few would be exceeded: count\/configmaps: 1 used and 2 more, of 2/,
  );
  expect(await pair.find(pair.to, 'configmaps', 'a', other)).toBeUndefined();
  if (!isLab) return;
  const webhook = await judgeConfigMaps(pair.to, other, () => ({ refuse: 'not on a weekday' }));
  try {
    const refused = /dry run +failed +can't create ConfigMap \S+: .*not on a weekday/;
    await eventually(async () => expect((await doctor()).stdout).toMatch(refused));
  } finally {
    await webhook.close();
  }
}, 60_000);

test('Roles are copied by who holds what they grant, or with --escalate; rbac says so where that is not printed', async () => {
  const other = await Pair.open('least-roles');
  undo.push(() => other.close());
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reads-pods' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  } as KubeObject;
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads-pods' };
  await other.put(other.from, role, {
    ...role,
    kind: 'RoleBinding',
    rules: undefined,
    roleRef,
    subjects: [],
  } as never);
  const kinds = ['--kinds', 'roles,rolebindings'];
  const holder = new Holder(folder);
  undo.push(() => holder.forget());
  const { paths } = holder;
  const grant = (...more: string[]) =>
    holder.grant(other.from, other.to, [...other.flags, ...kinds, ...more]);
  const flags = ['--name', other.task, '--sync-namespaces', other.namespace, ...kinds];
  const copy = () =>
    plugin('nsreplicate', ['--once', ...flags, '--primary', paths[0], '--replica', paths[1]]);
  const { stderr } = await plugin('nsreplicate', ['rbac', ...other.flags, ...kinds]);
  expect(stderr).toMatch(/Role\.rbac\S*, RoleBinding\.rbac.*--escalate prints these/);
  await grant();
  await eventually(async () => expect(await copy()).toMatchObject({ code: 5 }), 30_000);
  const looked = await plugin('nsreplicate', [
    'doctor',
    ...flags,
    '--primary',
    paths[0],
    '--replica',
    paths[1],
  ]);
  expect(looked.stdout).toMatch(
    /note .*may not escalate roles\.rbac.*only what it may do itself can be granted/,
  );
  expect(await readJobs(other.from, other.task)).toContainEqual(
    expect.objectContaining({ kind: 'Role.rbac.authorization.k8s.io', reason: 'forbidden' }),
  );
  await grant('--escalate');
  await eventually(async () => expect(await copy()).toMatchObject({ code: 0 }), 30_000);
  expect(await other.copyOf('rolebindings', 'reads-pods')).toMatchObject({ roleRef });
}, 120_000);
