/** What befalls a primary: after each, both sides are equal, and nothing is gone from the replica that should not be. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { connect } from '../../src/kube/connect.ts';
import { discover, resolveResource } from '../../src/kube/discovery.ts';
import { configMaps, namespaces, type Resource } from '../../src/kube/resources.ts';
import { contextB } from './support/contexts.ts';
import { eventually } from './support/eventually.ts';
import { Person } from './support/limited.ts';
import { connectTo, Pair, type PairOptions } from './support/nsreplicate.ts';
import { configMap, secret, widgets } from './support/objects.ts';
import { each, once, until, watch } from './support/replication.ts';
import { describeWithServers } from './support/servers.ts';

const apiServices: Resource = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  plural: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};

const some = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => configMap(`o-${index}`, { value }));

describeWithServers('a primary', ['p', 'q'], (servers) => {
  let pair: Pair;
  const server = () => servers().named('p');
  const open = async (purpose: string, more: PairOptions = {}) => {
    pair = await Pair.open(purpose, {
      ...more,
      primary: server().kubeconfig,
      replica: servers().named('q').kubeconfig,
    });
    return pair;
  };
  afterEach(() => pair.close());
  const there = async () => Object.keys(await pair.content(pair.to));
  const stopped = /the primary went back in time.*: nothing is deleted until `approve`/;

  test('is restarted in the middle of changes', async () => {
    await open('restarted');
    await pair.follow();
    const change = (name: string) =>
      until(
        () =>
          pair.put(pair.from, configMap(name, { a: '1' })).then(
            () => true,
            () => false,
          ),
        Boolean,
      );
    const work = each(
      Array.from({ length: 300 }, (_, index) => `o-${index}`),
      4,
      change,
    );
    await sleep(300);
    await server().restartWith();
    await work;
    await pair.equal(30_000);
    expect(await there()).toHaveLength(300);
  }, 90_000);

  test('and its replica forget their history while changes and deletions happen', async () => {
    await open('expired');
    await pair.put(pair.from, ...some(20, '1'));
    const watching = await pair.follow();
    const { all } = servers();
    for (const one of all) one.freeze();
    await Promise.all(all.map((one) => one.compact()));
    await Promise.all(all.map((one) => one.restartWith()));
    await pair.put(pair.from, ...some(10, '2'));
    await pair.delete(pair.from, 'configmaps', 'o-19');
    await pair.equal(30_000);
    expect(watching.said.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  }, 90_000);

  test('is put back from a backup while it is watched: what it lost stays until it is approved', async () => {
    await open('restored');
    await pair.put(pair.from, ...some(6, '1'), secret('s', { a: '1' }));
    const watching = await pair.follow();
    server().snapshot();
    await pair.put(pair.from, ...some(3, '2'), configMap('since', { a: '1' }));
    await pair.equal();
    // Until the task's own record was written after the object was made.
    const marker = async () => JSON.parse((await state())?.data?.memory ?? '{}').marker as number;
    const state = () =>
      pair.from.find(configMaps, { namespace: 'x8s-nsreplicate', name: `nsreplicate-${pair.task}-state` });
    const before = await marker();
    await until(marker, (now) => now > before);
    await server().restore();
    await until(
      () => watching.said.join('\n'),
      (said) => stopped.test(said),
      30_000,
    );
    await eventually(async () =>
      expect(await pair.copyOf('configmaps', 'o-0')).toMatchObject({ data: { value: '1' } }),
    );
    expect(await there()).toContain('ConfigMap since');
    watching.task().approve('a person looked');
    await pair.equal(30_000);
    expect(await there()).not.toContain('ConfigMap since');
  }, 90_000);

  test('is put back from a backup while nobody watches: what it lost stays until it is approved', async () => {
    await open('offline');
    await pair.put(pair.from, ...some(6, '1'));
    const watching = await pair.follow();
    server().snapshot();
    // The task's record is as old as the backup when the next object comes.
    await sleep(5_500);
    await pair.put(pair.from, configMap('since', { a: '1' }));
    await pair.equal();
    await watching.stop();
    await server().restore();
    // The primary counts past all versions that anybody has seen of it.
    await pair.put(
      pair.from,
      ...some(6, '2'),
      ...some(60, '3').map((one) => ({ ...one, metadata: { name: `n-${one.metadata.name}` } })),
    );
    const again = await pair.follow();
    await until(
      () => again.said.join('\n'),
      (said) => stopped.test(said),
    );
    await eventually(async () => expect(await there()).toHaveLength(67));
    expect(await there()).toContain('ConfigMap since');
    again.task().approve('a person looked');
    await pair.equal();
  }, 90_000);

  test('is killed with the task, and comes back: no false alarm', async () => {
    await open('crash');
    await pair.put(pair.from, ...some(6, '1'));
    const running = await pair.watch();
    await pair.put(pair.from, ...some(3, '2'));
    running.child.kill('SIGKILL');
    await running.ended;
    await pair.delete(pair.from, 'configmaps', 'o-5');
    const again = await pair.watch();
    await pair.equal();
    expect(again.output.stderr).not.toMatch(stopped);
  }, 60_000);

  test('is emptied under the same name: nothing is deleted', async () => {
    await open('emptied');
    await pair.put(pair.from, ...some(20, '1'));
    const running = await pair.watch();
    await pair.equal();
    const before = await pair.versions();
    const quiet = running.output.stderr.length;
    await server().empty();
    await until(
      () => running.output.stderr,
      (said) => said.length > quiet,
    );
    running.child.kill('SIGKILL');
    await running.ended;
    // A namespace of that name, with nothing in it, in a cluster that is another one.
    await pair.from.create(namespaces, { metadata: { name: pair.namespace } });
    const again = pair.start();
    await again.saw(/compared: |error: /);
    await sleep(500);
    expect(await pair.versions()).toEqual(before);
    again.child.kill('SIGTERM');
    await again.ended;
  }, 60_000);

  test('becomes another cluster under the same name while it is watched: nothing goes until it is approved', async () => {
    await open('rebuilt');
    await pair.put(pair.from, ...some(6, '1'));
    // Its state is kept elsewhere, so that nothing of the task is lost with it.
    const watching = await watch({ ...(await pair.sides()), state: pair.to }, pair.spec());
    try {
      await server().empty();
      await pair.from.create(namespaces, { metadata: { name: pair.namespace } });
      await pair.put(pair.from, ...some(2, '2'), configMap('new', { a: '1' }));
      const said = () => watching.said.join('\n');
      await until(said, (text) => /is another cluster than before .*: nothing is deleted until/.test(text));
      await eventually(async () => expect(await there()).toHaveLength(7));
      const copied = async (name: string) => (await pair.copyOf('configmaps', name)).data;
      expect([await copied('o-0'), await copied('o-5')]).toEqual([{ value: '1' }, { value: '1' }]);
      watching.task().approve('a person looked');
      await eventually(async () => expect(await copied('o-0')).toEqual({ value: '2' }));
      expect(await there()).toHaveLength(7);
      expect(watching.said.filter((line) => line.startsWith('FAILED'))).toEqual([]);
    } finally {
      await watching.stop();
    }
  }, 90_000);

  test('refuses one kind: the others go on, and it comes when rights are given back', async () => {
    await open('refuses');
    const person = new Person();
    await person.may(pair.from, [
      { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: ['get', 'list', 'watch'] },
    ]);
    const kube = await connect({
      kubeconfig: server().kubeconfig,
      as: person.name,
      requestTimeoutMs: 10_000,
    });
    await pair.put(pair.from, ...some(5, '1'), secret('s', { a: '1' }));
    const { primary, replicas } = await pair.sides();
    const sides = { primary: { ...primary, kube }, replicas, state: pair.from };
    try {
      const { phase, primary: seen, replicas: counted } = await once(sides, pair.spec());
      expect([phase, counted[0]?.counts]).toEqual(['Incomplete', { created: 6 }]);
      expect(seen.unlisted).toEqual({ Secret: expect.stringContaining('may not list secrets') });
      const watching = await watch(sides, pair.spec());
      try {
        await pair.put(pair.from, ...some(5, '2'));
        await eventually(async () =>
          expect(await pair.copyOf('configmaps', 'o-4')).toMatchObject({ data: { value: '2' } }),
        );
        expect([...watching.task().primary.refused.keys()]).toEqual(['Secret']);
        await person.forget();
        await person.may(pair.from, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
        await pair.equal(60_000);
        expect(watching.said.filter((line) => line.includes('FAILED'))).toEqual([]);
      } finally {
        await watching.stop();
      }
    } finally {
      await person.forget();
      await kube.close();
    }
  }, 90_000);

  test('has a group whose own server is down: other kinds go on, nothing of it goes, and it comes back', async () => {
    await open('silent');
    const group = 'silent.x8s.test';
    const serving = { name: `v1.${group}` };
    const widget = (size: number) => ({
      ...configMap('w', {}),
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      spec: { size },
    });
    const rules = [ruleFor('', 'ConfigMap'), ruleFor(group, 'Widget')];
    for (const kube of [pair.from, pair.to]) {
      await pair.put(kube, widgets(group));
      await eventually(() => resolveResource(kube, `widgets.${group}`));
    }
    await pair.put(pair.from, ...some(2, '1'), widget(1));
    expect(await pair.compare({ rules })).toMatchObject({ phase: 'Done' });
    // As an aggregated API whose Service is gone.
    const service = { namespace: 'default', name: 'nobody' };
    const labels = { 'kube-aggregator.kubernetes.io/automanaged': null };
    const dead = { metadata: { labels }, spec: { service, insecureSkipTLSVerify: true } };
    await pair.from.patch(apiServices, serving, dead, { type: 'merge' });
    const kube = await connectTo(server().kubeconfig);
    const { primary, replicas } = await pair.sides();
    const sides = { primary: { ...primary, kube }, replicas };
    const lacking = { [`${group}/v1`]: expect.stringContaining('does not answer') };
    await until(
      () => discover(kube, { refresh: true }),
      ({ unavailable }) => unavailable.length > 0,
    );
    const seen = await once(sides, pair.spec({ rules }));
    expect([seen.phase, seen.primary.unlisted]).toEqual(['Incomplete', lacking]);
    const watching = await watch(sides, pair.spec({ rules }));
    try {
      await pair.put(pair.from, ...some(2, '2'));
      await pair.equal();
      expect(watching.said.join('\n')).toContain(`${group}/v1: its API server does not answer`);
      expect((await pair.copyOf(`widgets.${group}`, 'w')).spec).toEqual({ size: 1 });
      // The server makes its own again.
      await pair.from.delete(apiServices, serving);
      await eventually(() => pair.put(pair.from, widget(2)));
      await eventually(
        async () => expect((await pair.copyOf(`widgets.${group}`, 'w')).spec).toEqual({ size: 2 }),
        60_000,
      );
      expect(watching.task().primary.refused.size).toBe(0);
    } finally {
      await watching.stop();
      await kube.close();
    }
  }, 90_000);

  test('of 20,000 objects, made at times that are long gone or still to come', async () => {
    await open('many');
    const times = ['1999-01-01T00:00:00Z', '2099-01-01T00:00:00Z'];
    const { namespace } = pair;
    const objects = Array.from({ length: 20_000 }, (_, index) => {
      const uid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
      return configMap(
        `o-${index}`,
        { index: String(index) },
        {
          namespace,
          uid,
          creationTimestamp: times[index % 2],
        },
      );
    });
    await server().seed(objects);
    const first = await pair.compare({ workers: 32 });
    expect([first.phase, first.replicas[0]?.counts]).toEqual(['Done', { created: 20_001 }]);
    const copied = async () =>
      new Map(
        (await pair.to.list(configMaps, { namespace })).items.map(({ metadata, data }) => [
          metadata.name,
          { data: data?.index, version: metadata.resourceVersion },
        ]),
      );
    const copies = await copied();
    expect(
      objects.filter(({ metadata }, index) => copies.get(metadata.name)?.data !== String(index)),
    ).toEqual([]);
    expect(copies.size).toBe(20_000);
    await pair.delete(pair.from, 'configmaps', 'o-7');
    await pair.put(pair.from, configMap('o-8', { index: 'changed' }));
    const prune = { prune: true, claims: false, namespaces: false };
    expect((await pair.compare({ prune })).replicas[0]?.counts).toEqual({
      unchanged: 19_999,
      updated: 1,
      pruned: 1,
    });
    const after = await copied();
    const same = [...after].filter(([name, { version }]) => version === copies.get(name)?.version);
    expect([after.size, same.length, after.get('o-8')?.data]).toEqual([19_999, 19_998, 'changed']);
  }, 180_000);

  test('has a replica that has a replica: it carries on, and nothing comes back to where it was', async () => {
    await open('chain');
    const last = await Pair.open('chain-end', {
      primary: servers().named('q').kubeconfig,
      replica: contextB,
    });
    last.alsoOwns(pair.namespace);
    try {
      await pair.put(pair.from, configMap('travels', { a: '1' }));
      await pair.compare();
      const { primary } = await pair.sides();
      const onward = await last.sides();
      const spec = pair.spec({ name: last.task });
      const atTheEnd = async () => (await pair.content(last.to))['ConfigMap travels'];
      await once(onward, spec);
      expect(await atTheEnd()).toMatchObject({ data: { a: '1' } });
      const back = { primary: onward.replica, replicas: [primary], state: last.from };
      expect((await once(back, { ...spec, adopt: true })).replicas[0]?.left).toEqual({
        'it came from this replica': 2,
      });
      await pair.put(pair.from, configMap('travels', { a: '2' }));
      await pair.compare();
      await once(onward, spec);
      expect(await atTheEnd()).toMatchObject({ data: { a: '2' } });
    } finally {
      await last.close();
    }
  }, 60_000);

  test('has two replicas: one that does not answer does not hold up the other', async () => {
    await open('two', { requestTimeoutMs: 3000 });
    const end = await Pair.open('two-end', { primary: server().kubeconfig, replica: contextB });
    end.alsoOwns(pair.namespace);
    const { primary, replica } = await pair.sides();
    const sides = { primary, replicas: [replica, (await end.sides()).replica] };
    await pair.put(pair.from, ...some(5, '1'), secret('s', { a: '1' }));
    const { replicas } = await once(sides, pair.spec());
    expect(replicas.map(({ counts }) => counts)).toEqual([{ created: 7 }, { created: 7 }]);
    const watching = await watch(sides, pair.spec());
    try {
      servers().named('q').freeze();
      await pair.put(pair.from, ...some(5, '2'));
      await eventually(async () => expect(await pair.content(end.to)).toEqual(await pair.content(pair.from)));
      await until(
        () => watching.task().replicas.map(({ away }) => away !== undefined),
        ([q, b]) => q === true && b === false,
        30_000,
      );
      servers().named('q').thaw();
      await pair.equal(30_000);
    } finally {
      servers().named('q').thaw();
      await watching.stop();
      await end.close();
    }
  }, 90_000);
});
