/** A task that has just the rights that `rbac` prints, and one of them less. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { identify } from '../../plugins/nsreplicate/clusters/cluster.ts';
import { examineRights } from '../../plugins/nsreplicate/preflight/doctor.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { readJobs } from '../../plugins/nsreplicate/state/state.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, resourceQuotas } from '../../src/kube/api/resources.ts';
import type { PolicyRule } from '../../src/kube/cluster/access.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { plugin, startPlugin } from './support/kubectl.ts';
import { Person } from './support/limited.ts';
import { connectTo, Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';
import { once } from './support/replication.ts';
import { judgeConfigMaps } from './support/webhook.ts';

type Role = KubeObject & { rules: PolicyRule[] };
interface QuotaStatus {
  readonly used?: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const person = new Person();
const signal = new AbortController().signal;
/** What was given to the person, by who has it. */
const given: [KubeClient, Role][] = [];
const undo: (() => Promise<unknown>)[] = [];
let pair: Pair;
let files: [from: string, to: string];

const flags = () => [
  ...['--name', pair.task, '--sync-namespaces', pair.namespace, '--kinds', 'configmaps'],
  ...['--primary', files[0], '--replica', files[1]],
];
const run = (...args: string[]) => plugin('nsreplicate', [...args, ...flags()]);

async function give(kube: KubeClient, object: KubeObject): Promise<void> {
  const { apiVersion = '', kind = '', metadata } = object;
  const [version, group] = apiVersion.split('/').reverse();
  const resource = await resolveResource(kube, group ? `${kind}.${version}.${group}` : kind);
  await kube.apply(resource, object, { fieldManager: 'an-administrator', force: true });
  if (kind === 'Role' || kind === 'ClusterRole') given.push([kube, object as Role]);
  if (kind !== 'Namespace') undo.push(() => kube.delete(resource, metadata));
}

beforeAll(async () => {
  pair = await Pair.open('least');
  files = [
    person.kubeconfigFor(contextA, join(folder, 'from.yaml'), 'from'),
    person.kubeconfigFor(contextB, join(folder, 'to.yaml'), 'to'),
  ];
  const printed = await plugin('nsreplicate', [
    ...['rbac', ...pair.flags, '--kinds', 'configmaps', '--bind-to', `user:${person.name}`, '-o', 'json'],
  ]);
  const { primary, replica, state } = JSON.parse(printed.stdout) as Record<string, KubeObject[]>;
  for (const object of [...(primary ?? []), ...(state ?? [])]) await give(pair.from, object);
  for (const object of replica ?? []) await give(pair.to, object);
  await pair.put(pair.from, configMap('kept', { a: '1' }), configMap('gone', { a: '1' }));
});
afterAll(async () => {
  for (const one of undo.reverse()) await one().catch(() => undefined);
  await person.forget();
  await pair.close();
  rmSync(folder, { recursive: true });
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

test('for each of them that is taken away, that verb is named: before the first copy, and by the run that needs it', async () => {
  const [from, to] = await Promise.all([connectTo(files[0]), connectTo(files[1])]);
  const [primary, replica] = await Promise.all([identify('from', from), identify('to', to)]);
  const rules = [ruleFor('', 'ConfigMap')];
  const prune = { prune: true, claims: false, namespaces: false, definitions: false };
  const task = { spec: pair.spec({ rules, prune }), primary, replicas: [replica], state: from, signal };
  const denied = async () =>
    (await examineRights(task)).filter(({ verdict }) => verdict === 'denied').map(({ message }) => message);
  let count = 0;
  for (const [kube, role] of given)
    for (const [index, rule] of role.rules.entries())
      for (const verb of rule.verbs) {
        await change(kube, role, index, verb);
        const named = [
          expect.stringMatching(new RegExp(`${person.name} .*may not ${verb} ${rule.resources[0]}`)),
        ];
        await eventually(async () => expect(await denied()).toEqual(named));
        if (isUsedOnce(role, rule, verb)) {
          await pair.put(pair.from, configMap('kept', { a: verb }), configMap(`c-${++count}`, {}));
          await pair.put(pair.from, configMap(`d-${count}`, {}));
          const told = await once(task, task.spec).then(
            async (status) => JSON.stringify([status, await readJobs(pair.from, pair.task)]),
            (error: Error) => error.message,
          );
          expect(told).toMatch(new RegExp(`(cannot|may not) ${verb}`));
        }
        await change(kube, role);
      }
  expect(count).toBeGreaterThan(4);
  await Promise.all([from.close(), to.close()]);
});

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

/** Takes a verb out of one of a role's rules; without one, puts all of them back. */
async function change(kube: KubeClient, role: Role, index?: number, verb?: string): Promise<void> {
  const rules = role.rules.map((rule, at) =>
    at === index ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule,
  );
  const usable = rules.filter(({ verbs }) => verbs.length > 0);
  const resource = await resolveResource(kube, `${role.kind}.v1.rbac.authorization.k8s.io`);
  const { name, namespace } = role.metadata;
  await kube.patch(resource, { name, namespace }, { rules: usable }, { type: 'merge' });
}

test('doctor says what the replica lacks and refuses, and which quota would be exceeded; nothing is written', async () => {
  const other = await pair.addNamespace('lacking');
  await pair.to.create(configMaps, { metadata: { name: 'x', namespace: pair.namespace } });
  const named = { namespace: other };
  await pair.put(pair.from, configMap('a', {}, named), configMap('b', {}, named), {
    ...claim('disk', { storageClassName: 'none-such' }),
    metadata: { name: 'disk', ...named },
  });
  await give(pair.to, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } });
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

/** Somebody who is given what `rbac` prints for a task, and the kubeconfig files by which they come. */
async function helper(to: Pair, ...flags: string[]) {
  const somebody = new Person();
  undo.push(() => somebody.forget());
  const paths = [
    somebody.kubeconfigFor(contextA, join(folder, `${somebody.name}-from.yaml`), 'from'),
    somebody.kubeconfigFor(contextB, join(folder, `${somebody.name}-to.yaml`), 'to'),
  ] as const;
  const grant = async (...more: string[]) => {
    const bind = ['--bind-to', `user:${somebody.name}`, '-o', 'json'];
    const printed = await plugin('nsreplicate', ['rbac', ...to.flags, ...flags, ...bind, ...more]);
    const {
      primary = [],
      replica = [],
      state = [],
    } = JSON.parse(printed.stdout) as Record<string, KubeObject[]>;
    for (const object of [...primary, ...state]) await give(to.from, object);
    for (const object of replica) await give(to.to, object);
  };
  return { paths, grant };
}

test('a promotion needs no more than what rbac prints for it', async () => {
  const promoted = await Pair.open('least-up');
  undo.push(() => promoted.close());
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
  const { paths, grant } = await helper(promoted, '--kinds', 'cronjobs');
  await grant('--doing', 'promote');
  const promote = ['promote', 'to', '--primary', 'from', '--name', promoted.task, '-y'];
  await eventually(async () => {
    const ended = await plugin('nsreplicate', promote, { KUBECONFIG: paths.join(':') });
    expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 .*woken: CronJob/s);
  });
  expect(await promoted.copyOf('cronjobs', 'nightly')).toMatchObject({ spec: { suspend: false } });
});

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
  const { paths, grant } = await helper(other, ...kinds);
  const flags = ['--name', other.task, '--sync-namespaces', other.namespace, ...kinds];
  const copy = () =>
    plugin('nsreplicate', ['--once', ...flags, '--primary', paths[0], '--replica', paths[1]]);
  const { stderr } = await plugin('nsreplicate', ['rbac', ...other.flags, ...kinds]);
  expect(stderr).toMatch(/Role\.rbac\S*, RoleBinding\.rbac.*--escalate prints these/);
  await grant();
  // Before all of it is heeded, it is something else that fails.
  await eventually(async () => {
    expect(await copy()).toMatchObject({ code: 5 });
    expect(await readJobs(other.from, other.task)).toContainEqual(
      expect.objectContaining({ kind: 'Role.rbac.authorization.k8s.io', reason: 'forbidden' }),
    );
  });
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
  await grant('--escalate');
  await eventually(async () => expect(await copy()).toMatchObject({ code: 0 }));
  expect(await other.copyOf('rolebindings', 'reads-pods')).toMatchObject({ roleRef });
});
