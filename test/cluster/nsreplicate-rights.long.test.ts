/** A task that has one right less than `rbac` prints, and Roles, which only who holds their rights may copy. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { identify } from '../../plugins/nsreplicate/clusters/cluster.ts';
import { examineRights } from '../../plugins/nsreplicate/preflight/doctor.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { readJobs } from '../../plugins/nsreplicate/state/state.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import type { PolicyRule } from '../../src/kube/cluster/access.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { Granted, type Helper, type Role } from './support/granted.ts';
import { plugin } from './support/kubectl.ts';
import { connectTo, Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { once } from './support/replication.ts';

const granted = new Granted();
const signal = new AbortController().signal;
let pair: Pair;
let somebody: Helper;

beforeAll(async () => {
  pair = await Pair.open('least');
  somebody = granted.helper(pair, '--kinds', 'configmaps');
  await somebody.grant();
  await pair.put(pair.from, configMap('kept', { a: '1' }));
  // What a first run makes is there already.
  const [from, to] = somebody.paths;
  const task = ['--name', pair.task, '--sync-namespaces', pair.namespace, '--kinds', 'configmaps'];
  await eventually(async () =>
    expect(
      await plugin('nsreplicate', ['--once', ...task, '--primary', from, '--replica', to]),
    ).toMatchObject({
      code: 0,
    }),
  );
});
afterAll(async () => {
  await granted.close();
  await pair.close();
});

test('for each of them that is taken away, that verb is named: before the first copy, and by the run that needs it', async () => {
  const { person, paths } = somebody;
  const [from, to] = await Promise.all([connectTo(paths[0]), connectTo(paths[1])]);
  const [primary, replica] = await Promise.all([identify('from', from), identify('to', to)]);
  const rules = [ruleFor('', 'ConfigMap')];
  const prune = { prune: true, claims: false, namespaces: false, definitions: false };
  const task = { spec: pair.spec({ rules, prune }), primary, replicas: [replica], state: from, signal };
  const denied = async () =>
    (await examineRights(task)).filter(({ verdict }) => verdict === 'denied').map(({ message }) => message);
  let count = 0;
  for (const [kube, role] of granted.roles)
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

test('Roles are copied by who holds what they grant, or with --escalate; rbac says so where that is not printed', async () => {
  const other = await Pair.open('least-roles');
  granted.later(() => other.close());
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
  const { paths, grant } = granted.helper(other, ...kinds);
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
