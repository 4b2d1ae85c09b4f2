/** More of the engine of nsreplicate in this process: namespaces that go, maps that change, clocks, sizes, cluster-scoped kinds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, numbered } from './support/objects.ts';
import { type Watching, watch } from './support/replication.ts';

let pair: Pair;
let watching: Watching[];

beforeEach(async () => {
  pair = await Pair.open('engine');
  watching = [];
});
afterEach(async () => {
  for (const one of watching) await one.stop();
  await pair.close();
});

test('a namespace that is going on the replica comes again, with all that belongs in it', async () => {
  await pair.put(pair.from, ...numbered(10, '1'));
  await pair.follow();
  const { namespace } = pair;
  const hold = (finalizers: string[] | null) =>
    pair.to.patch(configMaps, { namespace, name: 'o-1' }, { metadata: { finalizers } }, { type: 'merge' });
  await hold(['example.com/hold']);
  await pair.to.delete(namespaces, { name: namespace });
  await eventually(async () => expect(await pair.find(pair.to, 'configmaps', 'o-2')).toBeUndefined());
  await pair.put(pair.from, configMap('later', { a: '1' }));
  await hold(null);
  await pair.equal();
  expect(Object.keys(await pair.content(pair.to))).toHaveLength(11);
});

test.each([
  ['namespace by namespace', 'a', (name: string) => name],
  ['in the whole cluster', 'b', (name: string) => `${name}*`],
])(
  'what lies where the map led before is left and reported until it is gone, listed %s',
  async (_, suffix, glob) => {
    const [first, second] = [pair.alsoNamespace(`first-${suffix}`), pair.alsoNamespace(`second-${suffix}`)];
    const scope = {
      include: [glob(pair.namespace)],
      exclude: [first, second],
      selector: [],
      sensitive: false,
    };
    const mappedTo = (there: string) => ({
      rules: [ruleFor('', 'ConfigMap')],
      namespaces: scope,
      map: new Map([[pair.namespace, there]]),
    });
    const covered = 'no rule covers it any more';
    await pair.put(pair.from, configMap('moved', { a: '1' }));
    const before = await pair.compare(mappedTo(first));
    expect(before.replicas[0]?.left).not.toHaveProperty([covered]);
    for (const times of [1, 2]) {
      const { phase, replicas } = await pair.compare(mappedTo(second));
      // The namespace and what is in it.
      expect([times, phase, replicas[0]?.left]).toMatchObject([times, 'Done', { [covered]: 2 }]);
    }
    for (const there of [first, second])
      expect(await pair.to.get(configMaps, { namespace: there, name: 'moved' })).toMatchObject({
        data: { a: '1' },
      });
    await pair.to.delete(configMaps, { namespace: first, name: 'moved' });
    expect((await pair.compare(mappedTo(second))).replicas[0]?.left).toMatchObject({ [covered]: 1 });
  },
);

describe('clocks that disagree', () => {
  /** A fake: the machine's clock, but hours ahead or behind in wall time. */
  const fakeClock = (hours: number): Clock => ({
    ...systemClock,
    now: () => new Date(Date.now() + hours * 3_600_000),
  });

  test.each([
    [-5, 5],
    [5, -5],
  ])(
    'an instance whose clock is off by %i hours keeps its task from one that is off by %i',
    async (one, two) => {
      await pair.put(pair.from, ...numbered(3, '1'));
      const sides = await pair.sides();
      const first = await watch({ ...sides, clock: fakeClock(one) }, pair.spec());
      const second = watch({ ...sides, clock: fakeClock(two) }, pair.spec());
      second.then(
        (begun) => watching.push(begun),
        () => undefined,
      );
      try {
        await pair.put(pair.from, ...numbered(3, '2'));
        await pair.delete(pair.from, 'configmaps', 'o-2');
        await pair.equal();
        // A standby that compared its clock with the holder's would long have taken over.
        expect(await Promise.race([second, sleep(3000, 'stands by')])).toBe('stands by');
      } finally {
        await first.stop();
      }
      await second;
      await pair.put(pair.from, ...numbered(2, '3'));
      await pair.equal();
    },
  );
});

test('an object of 1 MiB is copied; one whose annotations leave no room for the provenance is said to fail', async () => {
  const full = { annotations: { 'example.com/full': 'x'.repeat(262_000) } };
  await pair.put(
    pair.from,
    configMap('big', { text: 'x'.repeat(1024 * 1024 - 100) }),
    configMap('full', { a: '1' }, full),
  );
  const { failures, replicas } = await pair.compare();
  expect(failures).toEqual([{ replica: pair.replica, kind: 'ConfigMap', reason: 'too-large', count: 1 }]);
  expect(replicas[0]?.counts).toMatchObject({ created: 2 });
  expect(await pair.copyOf('configmaps', 'big')).toMatchObject({
    data: { text: expect.stringMatching(/^x{1048476}$/) },
  });
});

test('cluster-scoped kinds: copied where a rule names them, and said where a glob might have', async () => {
  const name = pair.namespace;
  const kind = 'priorityclasses.scheduling.k8s.io';
  const made = (description: string): KubeObject => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name, labels: { task: name } },
    value: 7,
    description,
  });
  const selector = [{ key: 'task', operator: 'in' as const, values: [name] }];
  const rule = { ...ruleFor('scheduling.k8s.io', 'PriorityClass'), selector };
  const resource = await resolveResource(pair.from, kind);
  try {
    await pair.put(pair.from, made('one'));
    const globbed = await pair.compare({ rules: [{ ...rule, kind: '*' }] });
    expect(globbed.notes).toContain(
      `${kind} is cluster-scoped: a rule has to name it without "*" to copy it`,
    );
    expect(await pair.find(pair.to, kind, name)).toBeUndefined();
    await pair.compare({ rules: [rule] });
    expect(await pair.find(pair.to, kind, name)).toMatchObject({ value: 7, description: 'one' });
    await pair.put(pair.from, made('two'));
    await pair.compare({ rules: [rule] });
    expect(await pair.find(pair.to, kind, name)).toMatchObject({ description: 'two' });
    await pair.from.delete(resource, { name });
    await pair.compare({
      rules: [rule],
      prune: { prune: true, claims: false, namespaces: false, definitions: false },
    });
    expect(await pair.find(pair.to, kind, name)).toBeUndefined();
  } finally {
    await pair.from.delete(resource, { name });
    await pair.to.delete(resource, { name });
  }
});
