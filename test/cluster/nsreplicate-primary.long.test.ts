/** More of what befalls a primary, and what takes longer: after each, both sides are equal, and nothing is gone from the replica that should not be. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { copyOf } from '../../plugins/nsreplicate/objects/copy.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { readStatus } from '../../plugins/nsreplicate/state/state.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, leases, namespaces } from '../../src/kube/api/resources.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { contextB } from './support/contexts.ts';
import { Person } from './support/limited.ts';
import { Pair, type PairOptions, stateNamespace } from './support/nsreplicate.ts';
import { configMap, numbered, secret } from './support/objects.ts';
import { each, once, watch } from './support/replication.ts';
import { describeWithServers } from './support/servers.ts';

/** One of many, with a uid of its own, made long ago or not yet. */
const aged = (namespace: string, index: number) =>
  configMap(
    `o-${index}`,
    { index: String(index) },
    {
      namespace,
      uid: `00000000-0000-4000-8000-${String(index).padStart(11, '0')}0`,
      creationTimestamp: ['1999-01-01T00:00:00Z', '2099-01-01T00:00:00Z'][index % 2],
    },
  );

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

  test('is emptied under the same name: nothing is deleted', async () => {
    await open('emptied');
    await pair.put(pair.from, ...numbered(20, '1'));
    const running = await pair.watch();
    await pair.equal();
    const before = await pair.versions();
    const quiet = running.output.stderr.length;
    await server().empty();
    await eventuallySees(
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
  });

  test('is restarted in the middle of changes', async () => {
    await open('restarted');
    await pair.follow();
    const change = (name: string) =>
      eventuallySees(
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
    await eventually(async () => expect(await pair.find(pair.from, 'configmaps', 'o-30')).toBeDefined());
    await server().restartWith();
    await work;
    await pair.equal();
    expect(await there()).toHaveLength(300);
  });

  test('and its replica forget their history while changes and deletions happen', async () => {
    await open('expired');
    await pair.put(pair.from, ...numbered(20, '1'));
    const watching = await pair.follow();
    const { all } = servers();
    for (const one of all) one.freeze();
    await Promise.all(all.map((one) => one.compact()));
    await Promise.all(all.map((one) => one.restartWith()));
    await pair.put(pair.from, ...numbered(10, '2'));
    await pair.delete(pair.from, 'configmaps', 'o-19');
    await pair.equal();
    expect(watching.said.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  });

  test('takes our rights away and gives them back: nothing is deleted meanwhile, and all is made good', async () => {
    await open('rights');
    await pair.put(pair.from, ...numbered(20, '1'), secret('s', { a: '1' }));
    const [admin, person] = [await server().client(), new Person()];
    const allow = () => person.may(admin, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
    await allow();
    const kube = await server().client(person.name);
    const { primary, replicas } = await pair.sides();
    const watching = await watch({ primary: { ...primary, kube }, replicas, state: pair.from }, pair.spec());
    try {
      await pair.equal();
      const before = await pair.versions();
      await person.forget();
      // Watches go on for as long as they last, whatever rights are left.
      await server().restartWith();
      await pair.put(pair.from, ...numbered(10, '2'), configMap('new', { a: '1' }));
      await pair.delete(pair.from, 'configmaps', 'o-19');
      await eventuallySees(
        async () => JSON.stringify((await readStatus(pair.from, pair.task))?.primary),
        (view) => view.includes('may not list'),
      );
      expect(await pair.versions()).toEqual(before);
      await allow();
      await pair.equal();
    } finally {
      await watching.stop();
      await kube.close();
    }
  });

  test('is put back from a backup while nobody watches: what it lost stays until it is approved', async () => {
    await open('offline');
    await pair.put(pair.from, ...numbered(6, '1'));
    const watching = await pair.follow();
    server().snapshot();
    // The task's record is as old as the backup when the next object comes.
    await sleep(5_500);
    await pair.put(pair.from, configMap('since', { a: '1' }));
    await pair.equal();
    await watching.stop();
    await server().restore();
    // The backup has the lease of the instance that was at work then: nobody has to wait until it is stale.
    await pair.from.delete(leases, { namespace: stateNamespace, name: `nsreplicate-${pair.task}-lease` });
    // The primary counts past all versions that anybody has seen of it.
    await pair.put(
      pair.from,
      ...numbered(6, '2'),
      ...numbered(60, '3').map((one) => ({ ...one, metadata: { name: `n-${one.metadata.name}` } })),
    );
    const again = await pair.follow();
    await eventuallySees(
      () => again.said.join('\n'),
      (said) => stopped.test(said),
    );
    await eventually(async () => expect(await there()).toHaveLength(67));
    expect(await there()).toContain('ConfigMap since');
    again.task().approve('a person looked');
    await pair.equal();
  });

  test('is killed with the task, and comes back: no false alarm', async () => {
    await open('crash');
    await pair.put(pair.from, ...numbered(6, '1'));
    const running = await pair.watch();
    await pair.put(pair.from, ...numbered(3, '2'));
    running.child.kill('SIGKILL');
    await running.ended;
    await pair.delete(pair.from, 'configmaps', 'o-5');
    const again = await pair.watch();
    await pair.equal();
    expect(again.output.stderr).not.toMatch(stopped);
  });

  test('of 20,000 objects, most of them copied before, made at times that are long gone or still to come', async () => {
    await open('many');
    const { namespace } = pair;
    const [all, before] = [20_000, 15_000];
    const objects = Array.from({ length: all }, (_, index) => aged(namespace, index));
    await server().seed(objects);
    const copies = await earlierCopies(objects.slice(0, before));
    await pair.to.create(namespaces, { metadata: { name: namespace } });
    await servers().named('q').seed(copies);
    const first = await pair.compare({ workers: 32 });
    const counts = { created: all - before, unchanged: before, left: 1 };
    expect([first.phase, first.replicas[0]?.counts]).toEqual(['Done', counts]);
    const copied = async () =>
      new Map(
        (await pair.to.list(configMaps, { namespace })).items.map(({ metadata, data }) => [
          metadata.name,
          { data: data?.index, version: metadata.resourceVersion },
        ]),
      );
    const found = await copied();
    expect(objects.filter(({ metadata }, index) => found.get(metadata.name)?.data !== String(index))).toEqual(
      [],
    );
    expect(found.size).toBe(all);
    await pair.delete(pair.from, 'configmaps', `o-${all - 7}`);
    await pair.put(pair.from, configMap(`o-${all - 8}`, { index: 'changed' }));
    const prune = { prune: true, claims: false, namespaces: false, definitions: false };
    expect((await pair.compare({ prune })).replicas[0]?.counts).toEqual({
      unchanged: all - 2,
      updated: 1,
      pruned: 1,
      left: 1,
    });
    const after = await copied();
    const same = [...after].filter(([name, { version }]) => version === found.get(name)?.version);
    expect([after.size, same.length, after.get(`o-${all - 8}`)?.data]).toEqual([all - 1, all - 2, 'changed']);
  });

  /** What an earlier run of the pair's task would have made of objects. */
  async function earlierCopies(objects: readonly KubeObject[]): Promise<KubeObject[]> {
    const { primary, replica } = await pair.sides();
    const rule = ruleFor('', 'ConfigMap');
    const shaping = {
      task: pair.task,
      primary: primary.id,
      map: new Map(),
      overrides: [],
      key: new Uint8Array(32),
      isAutoscaled: () => false,
    };
    const to = { name: replica.name, cluster: replica.id };
    return objects.map((object) => {
      const { metadata, ...content } = copyOf(object, rule, to, shaping).main as KubeObject;
      const uid = `${object.metadata.uid?.slice(0, -1)}f`;
      return { ...content, metadata: { ...metadata, uid, creationTimestamp: new Date().toISOString() } };
    });
  }

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
  });

  test('has two replicas: one that does not answer does not hold up the other', async () => {
    await open('two', { requestTimeoutMs: 3000 });
    const end = await Pair.open('two-end', { primary: server().kubeconfig, replica: contextB });
    end.alsoOwns(pair.namespace);
    const { primary, replica } = await pair.sides();
    const sides = { primary, replicas: [replica, (await end.sides()).replica] };
    await pair.put(pair.from, ...numbered(5, '1'), secret('s', { a: '1' }));
    const { replicas } = await once(sides, pair.spec());
    expect(replicas.map(({ counts }) => counts)).toEqual([{ created: 7 }, { created: 7 }]);
    const watching = await watch(sides, pair.spec());
    try {
      servers().named('q').freeze();
      await pair.put(pair.from, ...numbered(5, '2'));
      await eventually(async () => expect(await pair.content(end.to)).toEqual(await pair.content(pair.from)));
      await eventuallySees(
        () => watching.task().replicas.map(({ away }) => away !== undefined),
        ([q, b]) => q === true && b === false,
      );
      servers().named('q').thaw();
      await pair.equal();
    } finally {
      servers().named('q').thaw();
      await watching.stop();
      await end.close();
    }
  });
});
