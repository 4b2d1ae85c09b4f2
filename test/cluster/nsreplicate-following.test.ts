/** The engine of nsreplicate while it watches, on API servers of its own. */
import { describe, expect, test } from '@jest/globals';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { configMaps, secrets } from '../../src/kube/resources.ts';
import {
  configMap,
  contentOf,
  each,
  equal,
  makeNamespace,
  once,
  secret,
  specOf,
  until,
  watch,
} from './support/replication.ts';
import { withServers } from './support/servers.ts';

const scene = withServers(['p', 'q', 'r']);
let count = 0;
/** A namespace of the primary that no other test has. */
async function fresh(): Promise<string> {
  const name = `app-${++count}`;
  await makeNamespace(scene().primary, name, {
    'pod-security.kubernetes.io/enforce': 'baseline',
    team: `t${count}`,
  });
  return name;
}
const only = (namespace: string) => ({ include: [namespace], exclude: [], selector: [], sensitive: false });

describe('watching', () => {
  test('follows creation, change and deletion; puts right what is done by hand; says what others added', async () => {
    const { primary, replicas } = scene();
    const namespace = await fresh();
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const spec = specOf({ name: 'follow', namespaces: only(namespace) });
    const watching = await watch(scene(), spec);
    try {
      await primary.kube.create(configMaps, configMap(namespace, 'a', { key: '1' }));
      await primary.kube.create(secrets, secret(namespace, 'b', 'x'));
      await equal(primary, replicas[0] as never, { prefix: namespace });
      await primary.kube.patch(
        configMaps,
        { namespace, name: 'a' },
        { data: { key: '2' } },
        { type: 'merge' },
      );
      await primary.kube.delete(secrets, { namespace, name: 'b' });
      for (const replica of replicas) await equal(primary, replica, { prefix: namespace });
      await kube.patch(
        configMaps,
        { namespace, name: 'a' },
        { data: { key: 'by hand' } },
        { type: 'merge', fieldManager: 'someone' },
      );
      await equal(primary, replicas[0] as never, { prefix: namespace });
      await kube.delete(configMaps, { namespace, name: 'a' });
      await equal(primary, replicas[0] as never, { prefix: namespace });
      await kube.patch(
        configMaps,
        { namespace, name: 'a' },
        { data: { added: 'x' } },
        { type: 'merge', fieldManager: 'someone' },
      );
      await until(
        () => [...(watching.task().settled.get('q')?.values() ?? [])],
        (settled) => settled.some(({ foreign }) => foreign?.includes('data.added') ?? false),
      );
      expect((await kube.get(configMaps, { namespace, name: 'a' })).data).toEqual({ key: '2', added: 'x' });
    } finally {
      await watching.stop();
    }
    expect(watching.said.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  }, 60_000);

  test('a state that came and went ends at the last one, for every object', async () => {
    const { primary, replicas } = scene();
    const namespace = await fresh();
    const names = Array.from({ length: 30 }, (_, index) => `o-${index}`);
    await each(names, 10, (name) =>
      primary.kube.create(configMaps, configMap(namespace, name, { state: 'A' })),
    );
    const watching = await watch(scene(), specOf({ name: 'aba', namespaces: only(namespace) }));
    try {
      for (const state of ['B', 'C', 'B', 'A', 'B', 'A'])
        await each(names, 10, (name) =>
          primary.kube.patch(configMaps, { namespace, name }, { data: { state } }, { type: 'merge' }),
        );
      for (const replica of replicas) expect(await equal(primary, replica, { prefix: namespace })).toBe(30);
    } finally {
      await watching.stop();
    }
  }, 60_000);

  test('an object that is held by a finalizer while the primary has made it anew', async () => {
    const { primary, replicas } = scene();
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const namespace = await fresh();
    await primary.kube.create(configMaps, configMap(namespace, 'held', { version: '1' }));
    const watching = await watch(
      { primary, replicas: replicas.slice(0, 1) },
      specOf({ name: 'held', namespaces: only(namespace) }),
    );
    try {
      await kube.patch(
        configMaps,
        { namespace, name: 'held' },
        { metadata: { finalizers: ['example.com/hold'] } },
        { type: 'merge' },
      );
      await primary.kube.delete(configMaps, { namespace, name: 'held' });
      await until(
        () => kube.get(configMaps, { namespace, name: 'held' }),
        ({ metadata }) => metadata.deletionTimestamp !== undefined,
      );
      await primary.kube.create(configMaps, configMap(namespace, 'held', { version: '2' }));
      await until(
        () =>
          [...(watching.task().replicas[0]?.failures.values() ?? [])].map(({ failure }) => failure.reason),
        (reasons) => reasons.includes('terminating'),
      );
      await kube.patch(
        configMaps,
        { namespace, name: 'held' },
        { metadata: { finalizers: null } },
        { type: 'merge' },
      );
      await equal(primary, replicas[0] as never, { prefix: namespace });
    } finally {
      await watching.stop();
    }
  }, 60_000);

  test('too many deletions are not begun, also not after a restart, until approved', async () => {
    const { primary, replicas } = scene();
    const sides = { primary, replicas: replicas.slice(0, 1) };
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const namespace = await fresh();
    const names = Array.from({ length: 60 }, (_, index) => `o-${index}`);
    await each(names, 10, (name) => primary.kube.create(configMaps, configMap(namespace, name, {})));
    const spec = specOf({ name: 'brake', namespaces: only(namespace) });
    await once(sides, spec);
    await each(names.slice(0, 45), 10, (name) => primary.kube.delete(configMaps, { namespace, name }));
    const present = async () => Object.keys(await contentOf(kube, configMaps, namespace)).length;
    const stopped = await once(sides, spec);
    expect(stopped.replicas[0]?.deletionsStopped).toMatch(/45 deletions in namespace/);
    expect(await present()).toBe(60);
    expect((await once(sides, spec)).replicas[0]?.deletionsStopped).toMatch(/45 deletions/);
    expect(await present()).toBe(60);
    const watching = await watch(sides, spec);
    try {
      expect(await present()).toBe(60);
      watching.task().approve('now');
      await until(present, (left) => left === 15);
    } finally {
      await watching.stop();
    }
  }, 60_000);

  test('both directions at once, adopting: both end equal and stay', async () => {
    const { primary: a, replicas } = scene();
    const b = replicas[0] as typeof a;
    const namespace = await fresh();
    await makeNamespace(b, namespace);
    const names = Array.from({ length: 20 }, (_, index) => `o-${index}`);
    await each(names, 10, async (name) => {
      await a.kube.create(configMaps, configMap(namespace, name, { from: 'a' }));
      await b.kube.create(configMaps, configMap(namespace, name, { from: 'b' }));
    });
    await a.kube.create(configMaps, configMap(namespace, 'only-a', {}));
    await b.kube.create(configMaps, configMap(namespace, 'only-b', {}));
    const spec = (name: string) => specOf({ name, namespaces: only(namespace), adopt: true });
    const both = await Promise.all([
      watch({ primary: a, replicas: [b] }, spec('there')),
      watch({ primary: b, replicas: [a] }, spec('back')),
    ]);
    try {
      expect(await equal(a, b, { prefix: namespace })).toBe(22);
      await a.kube.create(configMaps, configMap(namespace, 'later-a', { x: '1' }));
      await b.kube.create(configMaps, configMap(namespace, 'later-b', { x: '1' }));
      await until(
        () => contentOf(a.kube, configMaps, namespace),
        (found) => Object.keys(found).length === 24,
      );
      expect(await equal(a, b, { prefix: namespace })).toBe(24);
      const version = async () =>
        (await a.kube.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.resourceVersion);
      const before = await version();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await version()).toEqual(before);
    } finally {
      await Promise.all(both.map((one) => one.stop()));
    }
  }, 60_000);

  test('a chain carries on; nothing comes back to where it was', async () => {
    const { sites } = scene();
    const [a, b, c] = sites as [(typeof sites)[0], (typeof sites)[0], (typeof sites)[0]];
    const namespace = await fresh();
    await a.kube.create(configMaps, configMap(namespace, 'travels', { key: '1' }));
    const spec = (name: string) => specOf({ name, namespaces: only(namespace) });
    await once({ primary: a, replicas: [b] }, spec('ab'));
    await once({ primary: b, replicas: [c] }, spec('bc'));
    expect(await equal(a, c, { prefix: namespace })).toBe(1);
    const back = await once({ primary: c, replicas: [a] }, { ...spec('ca'), adopt: true });
    expect(back.replicas[0]?.left).toEqual({ 'it came from this replica': 2 });
    // After a failover, the way back.
    await b.kube.patch(
      configMaps,
      { namespace, name: 'travels' },
      { data: { key: 'from b' } },
      { type: 'merge' },
    );
    const failedBack = await once(
      { primary: b, replicas: [a] },
      { ...spec('ba'), adopt: true, failBack: true },
    );
    expect(failedBack.phase).toBe('Done');
    expect((await a.kube.get(configMaps, { namespace, name: 'travels' })).data).toEqual({ key: 'from b' });
  }, 60_000);

  test('an object of 1 MiB, and one that is too large once it bears a stamp', async () => {
    const { primary, replicas } = scene();
    const namespace = await fresh();
    const big: KubeObject = configMap(namespace, 'big', { text: 'x'.repeat(1024 * 1024 - 100) });
    await primary.kube.create(configMaps, big);
    const view = await once(
      { primary, replicas: replicas.slice(0, 1) },
      specOf({ name: 'big', namespaces: only(namespace) }),
    );
    expect(view.phase).toBe('Done');
    expect(await equal(primary, replicas[0] as never, { prefix: namespace })).toBe(1);
  }, 60_000);

  test('rules are replaced while it runs, and what they no longer cover is left', async () => {
    const { primary, replicas } = scene();
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const namespace = await fresh();
    await primary.kube.create(configMaps, configMap(namespace, 'c', {}));
    await primary.kube.create(secrets, secret(namespace, 's', 'x'));
    const spec = specOf({ name: 'replaced', namespaces: only(namespace), rules: [ruleFor('', 'ConfigMap')] });
    const watching = await watch({ primary, replicas: replicas.slice(0, 1) }, spec);
    try {
      expect(Object.keys(await contentOf(kube, secrets, namespace))).toEqual([]);
      watching.session.replace({ spec: { ...spec, rules: [ruleFor('', 'Secret')] } });
      await until(
        () => contentOf(kube, secrets, namespace),
        (found) => Object.keys(found).length === 1,
      );
      expect(Object.keys(await contentOf(kube, configMaps, namespace))).toHaveLength(1);
      await primary.kube.delete(configMaps, { namespace, name: 'c' });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(Object.keys(await contentOf(kube, configMaps, namespace))).toHaveLength(1);
    } finally {
      await watching.stop();
    }
  }, 60_000);
});
