/** `kubectl nsreplicate`, compiled, on API servers of its own: instances that die, stop and wait, and bad input. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { configMaps, namespaces, type Resource, secrets } from '../../src/kube/resources.ts';
import { plugin, startPlugin } from './support/kubectl.ts';
import { configMap, contentOf, each, equal, makeNamespace, secret, until } from './support/replication.ts';
import { withServers } from './support/servers.ts';

const scene = withServers(['p', 'q']);
const first = <T>(list: readonly T[]): T => {
  if (list[0] === undefined) throw new Error('there is none');
  return list[0];
};
const ends = () => {
  const [p, q] = scene().servers;
  return ['--primary', p?.kubeconfig ?? '', '--replica', q?.kubeconfig ?? ''];
};
const names = (count: number) => Array.from({ length: count }, (_, index) => `o-${index}`);
const run = (...args: string[]) => plugin('nsreplicate', args);
const change = (namespace: string, name: string, value: string) =>
  scene().primary.kube.apply(configMaps, configMap(namespace, name, { value }), {
    fieldManager: 'test',
    force: true,
  });
const start = (name: string, namespace: string) =>
  startPlugin('nsreplicate', ['watch', ...ends(), '--name', name, '--sync-namespaces', namespace]);

describe('one comparison', () => {
  test('copies, shows what it did, plans nothing more, and sees drift', async () => {
    await makeNamespace(scene().primary, 'app-once');
    await change('app-once', 'a', '1');
    await scene().primary.kube.create(secrets, secret('app-once', 's', 'hunter2-hunter2'));
    const args = [...ends(), '--name', 'once', '--sync-namespaces', 'app-once'];
    const plan = await run('plan', ...args);
    expect(plan.code).toBe(5);
    expect(plan.stdout).toMatch(/create ConfigMap app-once\/a \(can't be validated yet/);
    expect(plan.stdout).toContain('+ data.value: ••••••');
    expect(plan.stdout + plan.stderr).not.toContain(Buffer.from('hunter2-hunter2').toString('base64'));
    const done = await run('--once', ...args, '-o', 'table');
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('3 created')]);
    expect(done.stdout).toMatch(/REPLICA +NAMESPACE +KIND +CREATED/);
    expect((await run('plan', ...args)).stdout).toBe('Nothing would change.\n');
    const kube = first(scene().replicas).kube;
    await kube.patch(
      configMaps,
      { namespace: 'app-once', name: 'a' },
      { data: { value: 'edited' } },
      { type: 'merge', fieldManager: 'someone' },
    );
    const drift = await run('drift', ...args, '-o', 'json');
    expect(drift.code).toBe(5);
    expect(JSON.parse(drift.stdout).lines).toContainEqual(
      expect.objectContaining({ namespace: 'app-once', kind: 'ConfigMap', objects: 1, edited: 1 }),
    );
    const again = await run('plan', ...args);
    expect([again.code, again.stdout]).toEqual([5, expect.stringContaining('~ data.value: "edited" → "1"')]);
    expect(
      (await run('status', '--name', 'once', '--kubeconfig', scene().servers[0]?.kubeconfig ?? '')).stdout,
    ).toContain('Task once: Done');
  }, 60_000);
});

describe('instances', () => {
  test('killed with -9 in the middle of 1,000 changes: the next one goes on from what is there', async () => {
    await makeNamespace(scene().primary, 'app-killed');
    const watching = start('killed', 'app-killed');
    await watching.saw('compared');
    const work = each(names(1000), 8, (name) => change('app-killed', name, 'x'));
    await sleep(700);
    watching.child.kill('SIGKILL');
    await work;
    await scene().primary.kube.delete(configMaps, { namespace: 'app-killed', name: 'o-5' });
    const next = start('killed', 'app-killed');
    try {
      expect(
        await equal(scene().primary, first(scene().replicas), { prefix: 'app-killed', timeoutMs: 60_000 }),
      ).toBe(999);
    } finally {
      next.child.kill('SIGTERM');
      expect((await next.ended).code).toBe(143);
    }
  }, 120_000);

  test('two at once: one works, one stands by and takes over from a stopped one, which writes no more', async () => {
    await makeNamespace(scene().primary, 'app-two');
    const one = start('two', 'app-two');
    await one.saw('compared');
    const two = start('two', 'app-two');
    try {
      await two.saw('standing by');
      const refused = await run('--once', ...ends(), '--name', 'two', '--sync-namespaces', 'app-two');
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('task two is in use')]);
      await change('app-two', 'a', '1');
      await equal(scene().primary, first(scene().replicas), { prefix: 'app-two' });
      one.child.kill('SIGSTOP');
      await change('app-two', 'a', '2');
      await two.saw('compared');
      expect(await equal(scene().primary, first(scene().replicas), { prefix: 'app-two' })).toBe(1);
      await change('app-two', 'a', '3');
      await equal(scene().primary, first(scene().replicas), { prefix: 'app-two' });
      one.child.kill('SIGCONT');
      await one.saw(/Lost the lock/);
      await change('app-two', 'b', '1');
      expect(await equal(scene().primary, first(scene().replicas), { prefix: 'app-two' })).toBe(2);
    } finally {
      for (const { child } of [one, two]) {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
      }
      await Promise.all([one.ended, two.ended]);
    }
  }, 120_000);

  test('paused, nothing is written, also by a new instance; resumed, all of it', async () => {
    await makeNamespace(scene().primary, 'app-paused');
    const kept = ['--name', 'paused', '--kubeconfig', scene().servers[0]?.kubeconfig ?? ''];
    const one = start('paused', 'app-paused');
    await one.saw('compared');
    expect((await run('pause', ...kept)).code).toBe(0);
    await one.saw('paused');
    await change('app-paused', 'a', '1');
    one.child.kill('SIGTERM');
    await one.ended;
    expect((await run('--once', ...ends(), '--name', 'paused', '--sync-namespaces', 'app-paused')).code).toBe(
      3,
    );
    const two = start('paused', 'app-paused');
    try {
      await two.saw('compared');
      await sleep(1000);
      expect(Object.keys(await contentOf(first(scene().replicas).kube, configMaps, 'app-paused'))).toEqual(
        [],
      );
      expect((await run('status', ...kept)).stdout).toContain('Task paused: Paused');
      expect((await run('resume', ...kept)).code).toBe(0);
      expect(await equal(scene().primary, first(scene().replicas), { prefix: 'app-paused' })).toBe(1);
    } finally {
      two.child.kill('SIGTERM');
      await two.ended;
    }
  }, 120_000);
});

describe('bad input', () => {
  const file = (name: string, text: string) => {
    const path = `${scene().servers[0]?.kubeconfig}.${name}`;
    writeFileSync(path, text);
    return path;
  };
  const primary = () => ['--primary', scene().servers[0]?.kubeconfig ?? ''];
  const cases: [what: string, args: () => string[], code: number, says: RegExp][] = [
    ['no replica', () => ['--once', ...primary()], 2, /no replica/],
    ['an unknown context', () => ['--once', ...primary(), '--replica', 'nowhere'], 2, /nowhere/],
    [
      'the primary among the replicas',
      () => ['--once', ...primary(), '--replica', scene().servers[0]?.kubeconfig ?? ''],
      2,
      /same cluster as the primary/,
    ],
    [
      'the primary among the replicas, under another name',
      () => ['--once', ...primary(), '--replica', file('other.yaml', aliased())],
      2,
      /same cluster as the primary/,
    ],
    [
      'a kind that is not there',
      () => ['--once', ...ends(), '--kinds', 'widgets'],
      2,
      /no resource "widgets"/,
    ],
    ['a kind that is never copied', () => ['--once', ...ends(), '--kinds', 'pods'], 2, /never copied/],
    ['a bad glob', () => ['--once', ...ends(), '--sync-namespaces', 'a['], 2, /"a\[" is not a glob/],
    ['a bad selector', () => ['--once', ...ends(), '-l', 'a b'], 2, /not a label selector/],
    [
      'a sensitive namespace',
      () => ['--once', ...ends(), '--sync-namespaces', 'kube-system'],
      2,
      /--allow-sensitive-namespaces/,
    ],
    [
      'two namespaces into one',
      () => ['--once', ...ends(), '--map', 'a=c,b=c'],
      2,
      /both a and b into namespace c/,
    ],
    [
      'a typo in a config file',
      () => [
        '--config',
        file('typo.yaml', 'rules:\n  - kind: ConfigMap\n    namespace: [a]\n'),
        ...ends(),
        '--once',
      ],
      2,
      /typo\.yaml:3:5: unknown key "rules\[0\]\.namespace"[\s\S]*namespaces/,
    ],
    [
      'a config file that is not there',
      () => ['--config', '/nowhere.yaml', ...ends(), '--once'],
      2,
      /there is no such file/,
    ],
    [
      'a task that never ran',
      () => ['status', '--name', 'never', '--kubeconfig', scene().servers[0]?.kubeconfig ?? ''],
      1,
      /there is no task "never"/,
    ],
  ];
  const renamed = (name: string) =>
    readFileSync(scene().servers[0]?.kubeconfig ?? '', 'utf8').replaceAll('"p"', JSON.stringify(name));
  const aliased = () => renamed('alias').replace('127.0.0.1', 'localhost');

  test.each(cases)(
    '%s',
    async (_what, args, code, says) => {
      const ended = await run(...args());
      expect({ code: ended.code, text: ended.stderr }).toEqual({ code, text: expect.stringMatching(says) });
    },
    30_000,
  );

  test('who may read some namespaces only, and make none', async () => {
    const [server, replica] = scene().servers;
    await makeNamespace(scene().primary, 'app-some');
    await change('app-some', 'a', '1');
    const roles: Resource = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      plural: 'rolebindings',
      kind: 'RoleBinding',
      namespaced: true,
    };
    const bind = (namespace: string, site: (typeof server & object) | undefined) =>
      site?.client().then((kube) =>
        kube.create(roles, {
          metadata: { name: 'worker', namespace },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'User', name: 'solo-worker' }],
        } as never),
      );
    await bind('app-some', server);
    const limited = [
      '--primary',
      file('limited.yaml', server?.kubeconfigFor({ token: server.workerToken }) ?? ''),
      '--replica',
      file('limited-replica.yaml', replica?.kubeconfigFor({ token: replica.workerToken }) ?? ''),
      '--state-context',
      'state',
      '--kubeconfig',
      file('state.yaml', renamed('state')),
      '--name',
      'some',
      '--once',
    ];
    const all = await run(...limited);
    expect([all.code, all.stderr]).toEqual([4, expect.stringContaining('--sync-namespaces')]);
    const noNamespace = await run(...limited, '--sync-namespaces', 'app-some');
    expect([noNamespace.code, noNamespace.stderr]).toEqual([
      5,
      expect.stringContaining('may not list configmaps in namespace "app-some"'),
    ]);
    await first(scene().replicas).kube.create(namespaces, { metadata: { name: 'app-some' } });
    await bind('app-some', replica);
    const done = await run(...limited, '--sync-namespaces', 'app-some');
    expect({ code: done.code, text: done.stderr }).toEqual({ code: 0, text: expect.any(String) });
    await until(
      () => contentOf(first(scene().replicas).kube, configMaps, 'app-some'),
      (found) => Object.keys(found).length === 1,
    );
  }, 60_000);

  test('a namespace that can not be made', async () => {
    const replica = scene().servers[1];
    const kube = first(scene().replicas).kube;
    await makeNamespace(scene().primary, 'app-unmade');
    await change('app-unmade', 'a', '1');
    const group = 'rbac.authorization.k8s.io';
    const kinds = (plural: string, kind: string): Resource => ({
      group,
      version: 'v1',
      plural,
      kind,
      namespaced: false,
    });
    const rules = [
      { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] },
    ];
    await kube.create(kinds('clusterroles', 'ClusterRole'), { metadata: { name: 'copier' }, rules });
    await kube.create(kinds('clusterrolebindings', 'ClusterRoleBinding'), {
      metadata: { name: 'copier' },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'copier' },
      subjects: [{ kind: 'User', name: 'solo-worker' }],
    });
    const limited = file('copier.yaml', replica?.kubeconfigFor({ token: replica.workerToken }) ?? '');
    const ended = await run(
      '--once',
      ...primary(),
      '--replica',
      limited,
      '--name',
      'unmade',
      '--sync-namespaces',
      'app-unmade',
      '--kinds',
      'cm',
    );
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/1 Namespace: forbidden/);
    expect(ended.stderr).toMatch(/1 ConfigMap: namespace-missing/);
  }, 60_000);
});
