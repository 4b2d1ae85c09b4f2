/** Whose an object on a replica is: keys of others, webhooks that judge, refuse and change it, what other controllers hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RESULT_SHARDS } from '../../plugins/nsreplicate/cache/applied-results.ts';
import { configMaps, namespaces, pods } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { isLab } from './support/contexts.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap, secret, workload } from './support/objects.ts';
import { judgeConfigMaps } from './support/webhook.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('owners');
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
});
afterAll(() => pair.close());

/** `--once` for one object alone, so that tests do not see each other's failures. */
const only = (name: string) => ['-l', `only=${name}`];
const labelled = (name: string) => ({ labels: { only: name } });
const remove = (name: string) => ({ namespace: pair.namespace, name });

describe('an object that is there already, made by somebody else', () => {
  test('is seen as theirs also where it does not bear the labels that select, and with --force-conflicts', async () => {
    await pair.put(pair.to, configMap('unlabelled', { of: 'theirs' }));
    await pair.put(pair.from, configMap('unlabelled', { of: 'ours', b: '1' }, labelled('unlabelled')));
    const { code, stderr } = await pair.once(...only('unlabelled'), '--force-conflicts');
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('not-ours') });
    expect((await pair.copyOf('configmaps', 'unlabelled')).data).toEqual({ of: 'theirs' });
  });
});

test('keys of others stay in mirrored maps, and go with --exact', async () => {
  await pair.put(pair.from, configMap('mirrored', { a: '1' }, labelled('mirrored')));
  await pair.copy(...only('mirrored'));
  await pair.to.patch(
    configMaps,
    remove('mirrored'),
    { data: { b: 'theirs' }, metadata: { annotations: { 'example.com/by': 'them' } } },
    { type: 'merge' },
  );
  await pair.copy(...only('mirrored'));
  const theirs = { data: { a: '1', b: 'theirs' }, metadata: { annotations: { 'example.com/by': 'them' } } };
  expect(await pair.copyOf('configmaps', 'mirrored')).toMatchObject(theirs);
  expect((await pair.ask('status')).stdout).toContain('1 object has keys of others');
  expect((await pair.look('plan', ...only('mirrored'), '--exact')).stdout).toContain('-  b: theirs');
  await pair.copy(...only('mirrored'), '--exact');
  const { data, metadata } = await pair.copyOf('configmaps', 'mirrored');
  expect(data).toEqual({ a: '1' });
  expect(Object.keys(metadata.annotations ?? {})).not.toContain('example.com/by');
});

describe('an immutable field', () => {
  test('the type of a Secret, the selector of a Deployment and the service of a StatefulSet, whose pods stay', async () => {
    const typed = (type: string) => ({
      ...secret('typed', { a: '1' }),
      metadata: { name: 'typed', ...labelled('typed') },
      type,
    });
    const one = { replicas: 1 };
    const serving = (serviceName: string) => ({
      ...workload('StatefulSet', 'serving', { ...one, serviceName }),
      metadata: { name: 'serving', ...labelled('typed') },
    });
    const selecting = (app: string) => ({
      ...workload('Deployment', 'selecting', {
        ...one,
        selector: { matchLabels: { app } },
        template: {
          metadata: { labels: { app } },
          spec: { containers: [{ name: 'c', image: 'test.invalid/none' }] },
        },
      }),
      metadata: { name: 'selecting', ...labelled('typed') },
    });
    const podsOnReplica = async (count: number) =>
      eventually(async () => {
        const { items } = await pair.to.list(pods, { namespace: pair.namespace });
        const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        expect(staying).toHaveLength(count);
        return new Map(staying.map(({ metadata }) => [metadata.uid, metadata]));
      });
    await pair.put(pair.from, typed('Opaque'), selecting('a'), serving('a'));
    await pair.copy(...only('typed'));
    const before = await podsOnReplica(2);
    await pair.delete(pair.from, 'secrets', 'typed');
    await pair.delete(pair.from, 'deployments.apps', 'selecting');
    await pair.delete(pair.from, 'statefulsets.apps', 'serving');
    await pair.put(pair.from, typed('example.com/other'), selecting('b'), serving('b'));
    expect(await pair.once(...only('typed'))).toMatchObject({ code: 5 });
    await pair.copy(...only('typed'), '--on-immutable', 'recreate-orphan');
    expect(await pair.copyOf('secrets', 'typed')).toMatchObject({ type: 'example.com/other' });
    expect(await pair.copyOf('deployments.apps', 'selecting')).toMatchObject({
      spec: { selector: { matchLabels: { app: 'b' } } },
    });
    // The pods of before stay: the StatefulSet takes its own in again, the Deployment makes another beside.
    const set = await pair.copyOf('statefulsets.apps', 'serving');
    expect(set).toMatchObject({ spec: { serviceName: 'b' } });
    const after = await podsOnReplica(3);
    expect([...after.keys()]).toEqual(expect.arrayContaining([...before.keys()]));
    await eventually(async () => {
      const pod = [...(await podsOnReplica(3)).values()].find(({ name }) => name === 'serving-0');
      expect(pod?.ownerReferences?.map(({ uid }) => uid)).toEqual([set.metadata.uid]);
    });
  });
});

test('an object on its way out is waited for, then made anew', async () => {
  const put = (value: string) => pair.put(pair.from, configMap('leaving', { value }, labelled('leaving')));
  await put('1');
  const running = await pair.watch(...only('leaving'));
  await eventually(() => pair.copyOf('configmaps', 'leaving'));
  const hold = (finalizers: string[] | null) =>
    pair.to.patch(configMaps, remove('leaving'), { metadata: { finalizers } }, { type: 'merge' });
  await hold(['example.com/hold']);
  const { uid } = (await pair.copyOf('configmaps', 'leaving')).metadata;
  // Gone from the primary and made anew there, while the copy can't go yet.
  await pair.from.delete(configMaps, remove('leaving'));
  await eventually(async () =>
    expect((await pair.copyOf('configmaps', 'leaving')).metadata.deletionTimestamp).toBeDefined(),
  );
  await put('2');
  await eventually(async () =>
    expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain('waits for example.com/hold'),
  );
  await hold(null);
  await eventually(async () => {
    const { metadata, data } = await pair.copyOf('configmaps', 'leaving');
    expect(data).toEqual({ value: '2' });
    expect(metadata.uid).not.toBe(uid);
  });
  running.child.kill('SIGTERM');
  await running.ended;
});

const resultRoles = Array.from({ length: RESULT_SHARDS }, (_, shard) => `results-${shard}`);
const onLab = isLab ? describe : describe.skip;

onLab('an admission webhook on the replica', () => {
  test('that takes its time, and refuses: seen at work, reported, parked, and retried by hand', async () => {
    let refuses = true;
    let thinking = Promise.resolve();
    const webhook = await judgeConfigMaps(pair.to, pair.namespace, async ({ metadata: { name } }) => {
      await thinking;
      return name === 'judged' && refuses ? { refuse: 'the moon is not full' } : { patch: [] };
    });
    try {
      await pair.put(pair.from, configMap('judged', { a: '1' }, labelled('judged')));
      await eventually(() => expect(webhookIsAsked(pair)).rejects.toThrow('moon'));
      const thought = Promise.withResolvers<void>();
      thinking = thought.promise;
      const running = pair.start(...only('judged'));
      const [jobs, status] = [() => pair.ask('jobs'), () => pair.ask('status')];
      await eventually(async () => expect((await jobs()).stdout).toMatch(/ judged +running +\S+ +\d+ /));
      await eventually(async () =>
        expect((await status()).stdout).toMatch(/1 object behind, the oldest for .* \(1 under way\)/),
      );
      thought.resolve();
      await eventually(async () =>
        expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toMatch(
          /judged +parked +\S+ +6 +webhook .*the moon is not full/,
        ),
      );
      await eventually(async () =>
        expect((await pair.ask('status')).stdout).toContain('1 failing, 1 of them wait'),
      );
      refuses = false;
      await pair.ask('retry', 'ConfigMap', `${pair.namespace}/judged`, '--replica', pair.replica);
      await eventually(() => pair.copyOf('configmaps', 'judged'));
      await eventually(async () =>
        expect((await pair.ask('jobs', '--failed')).stdout).not.toContain('judged'),
      );
      running.child.kill('SIGTERM');
      await running.ended;
    } finally {
      await webhook.close();
    }
  });

  test('that is slow: never asked for more at once than there are workers', async () => {
    let [now, most] = [0, 0];
    const webhook = await judgeConfigMaps(pair.to, pair.namespace, async ({ metadata: { name } }) => {
      if (!name.startsWith('parallel-')) return { patch: [] };
      most = Math.max(most, ++now);
      await sleep(100);
      now--;
      return { patch: [{ op: 'add', path: '/data/judged', value: 'yes' }] };
    });
    try {
      const names = Array.from({ length: 12 }, (_, index) => `parallel-${index}`);
      await pair.put(pair.from, ...names.map((name) => configMap(name, { a: '1' }, labelled('parallel'))));
      const probe = configMap('parallel-probe', { a: '1' }, { namespace: pair.namespace });
      await eventually(async () =>
        expect(await pair.to.create(configMaps, probe as never, { dryRun: true })).toMatchObject({
          data: { judged: 'yes' },
        }),
      );
      most = 0;
      await pair.copy(...only('parallel'), '--worker-count', '3');
      expect(most).toBe(3);
      expect(await pair.copyOf('configmaps', 'parallel-11')).toMatchObject({ data: { judged: 'yes' } });
    } finally {
      await webhook.close();
    }
  });

  test('that changes what is written: one write, then rest', async () => {
    const webhook = await judgeConfigMaps(pair.to, pair.namespace, ({ metadata: { name } }) => ({
      // By the beginning of its name, so that it does the same to whatever is tried under another one.
      patch: name.startsWith('changed')
        ? [
            { op: 'add', path: '/data/injected', value: 'by webhook' },
            { op: 'add', path: '/data/a', value: 'overruled' },
          ]
        : [],
    }));
    try {
      await pair.put(pair.from, configMap('changed', { a: '1' }, labelled('changed')));
      const running = await pair.watch(...only('changed'));
      const first = await eventually(async () => {
        const made = await pair.copyOf('configmaps', 'changed');
        expect(made).toMatchObject({ data: { injected: 'by webhook', a: 'overruled' } });
        return made.metadata.resourceVersion;
      });
      await pair.put(pair.from, configMap('another', { a: '1' }, labelled('changed')));
      await eventually(() => pair.copyOf('configmaps', 'another'));
      running.child.kill('SIGTERM');
      await running.ended;
      // What the webhook made of it is remembered, and if it were not, nothing would be written either.
      const labelSelector = `x8s.dev/task=${pair.task},x8s.dev/role in (${resultRoles.join(',')})`;
      const { items } = await pair.from.list(configMaps, { namespace: stateNamespace, labelSelector });
      expect(items.length).toBeGreaterThan(0);
      for (const { metadata } of items)
        await pair.from.delete(configMaps, { namespace: stateNamespace, name: metadata.name });
      expect(await pair.look('drift', ...only('changed'))).toMatchObject({ code: 0 });
      expect(await pair.look('plan', ...only('changed'))).toMatchObject({ code: 0 });
      const { replicas } = JSON.parse((await pair.copy(...only('changed'), '-o', 'json')).stdout);
      expect(Object.keys(replicas[0].counts).sort()).toEqual(['left', 'unchanged']);
      for (const flags of [[], ['--exact']]) await pair.copy(...only('changed'), ...flags);
      expect((await pair.copyOf('configmaps', 'changed')).metadata.resourceVersion).toBe(first);
      expect(await pair.look('drift', ...only('changed'))).toMatchObject({ code: 0 });
      expect(await pair.look('plan', ...only('changed'))).toMatchObject({ code: 0 });
    } finally {
      await webhook.close();
    }
  });
});

/** Webhooks take a moment to be heeded. */
const webhookIsAsked = ({ to, namespace }: Pair) =>
  to.create(configMaps, { metadata: { name: 'judged', namespace } }, { dryRun: true });
