/** The engine of nsreplicate in this process: both directions, failing back, rules that are replaced, shared watches. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Informers } from '../../plugins/nsreplicate/cache/informers.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { readStatus } from '../../plugins/nsreplicate/state/state.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, namespaces, secrets } from '../../src/kube/api/resources.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, numbered, secret } from './support/objects.ts';
import { once, type Watching, watch } from './support/replication.ts';

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

/** The same task the other way round, under a name of its own. */
async function wayBack(suffix: string) {
  const { primary, replica } = await pair.sides();
  const spec = pair.spec({ name: pair.otherTask(suffix) });
  return { sides: { primary: replica, replicas: [primary] }, spec };
}

test('both directions at once, adopting: both end equal, and rest', async () => {
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
  await pair.put(pair.from, ...numbered(20, 'a'), configMap('only-a', {}));
  await pair.put(pair.to, ...numbered(20, 'b'), configMap('only-b', {}));
  const sides = await pair.sides();
  const back = await wayBack('back');
  watching = await Promise.all([
    watch(sides, pair.spec({ adopt: true })),
    watch(back.sides, { ...back.spec, adopt: true }),
  ]);
  await pair.equal();
  await pair.put(pair.from, configMap('later-a', { x: '1' }));
  await pair.put(pair.to, configMap('later-b', { x: '1' }));
  await eventually(async () => expect(Object.keys(await pair.content(pair.from))).toHaveLength(24));
  await pair.equal();
  const versions = () => Promise.all([pair.versions(pair.from), pair.versions(pair.to)]);
  let round = 0;
  // Provenance is written where content is equal already: the last of it may still be on its way.
  await eventually(async () => {
    const before = await versions();
    round += 1;
    // Whatever would go round and round comes before what is new.
    for (const [index, side] of [pair.from, pair.to, pair.from].entries()) {
      await pair.put(side, configMap(`last-${round}-${index}`, { x: '1' }));
      await pair.equal();
    }
    expect(await versions()).toMatchObject(before);
  });
});

test('failing over, failing back, and over again: the same objects, and no loop', async () => {
  await pair.put(pair.from, ...numbered(5, 'first'));
  await pair.compare();
  // The primary is lost; people work on the replica.
  const edit = { data: { value: 'meanwhile' } };
  await pair.to.patch(configMaps, { namespace: pair.namespace, name: 'o-0' }, edit, { type: 'merge' });
  await pair.put(pair.to, configMap('new', { value: 'meanwhile' }));
  await pair.to.delete(configMaps, { namespace: pair.namespace, name: 'o-1' });
  const { sides, spec } = await wayBack('back');
  const back = { ...spec, adopt: true, failBack: true };
  expect((await once(sides, spec)).replicas[0]?.left).toMatchObject({ 'it came from this replica': 5 });
  expect((await once(sides, back)).phase).toBe('Done');
  expect((await pair.content(pair.from))['ConfigMap o-0']).toMatchObject({ data: { value: 'meanwhile' } });
  expect(Object.keys(await pair.content(pair.from))).toContain('ConfigMap new');
  // What was deleted on the replica is still here: nobody said that the primary may lose it.
  await pair.delete(pair.from, 'configmaps', 'o-1');
  watching = [await watch(await pair.sides(), pair.spec({ adopt: true, failBack: true }))];
  await pair.put(
    pair.from,
    configMap('o-0', { value: 'over again' }),
    configMap('o-2', { value: 'over again' }),
  );
  await pair.delete(pair.from, 'configmaps', 'new');
  await pair.equal();
  expect(Object.keys(await pair.content(pair.to))).toHaveLength(4);
});

test('what the task no longer covers, namespaces and kinds, is left on the replica and reported', async () => {
  const other = await pair.addNamespace('dropped');
  const namespacesOf = (...include: string[]) => ({ include, exclude: [], selector: [], sensitive: false });
  await pair.put(pair.from, ...numbered(2, '1'), secret('s', { a: '1' }));
  await pair.put(pair.from, configMap('there', { a: '1' }, { namespace: other }));
  await pair.compare({ namespaces: namespacesOf(pair.namespace, other) });
  const fewer = { rules: [ruleFor('', 'ConfigMap')], namespaces: namespacesOf(pair.namespace) };
  const { phase, replicas } = await pair.compare(fewer);
  expect(phase).toBe('Done');
  // The namespace and what is in it; the Secret.
  expect(replicas[0]?.left).toEqual({
    'no rule covers it any more': 2,
    'no rule covers its kind any more': 1,
  });
  await pair.to.delete(configMaps, { namespace: other, name: 'there' });
  await pair.to.delete(secrets, { namespace: pair.namespace, name: 's' });
  expect((await pair.compare(fewer)).replicas[0]?.left).toEqual({ 'no rule covers it any more': 1 });
});

test('an object of others that takes the place of ours between our looking and our writing is not overruled', async () => {
  const ours = (a: string) => configMap('raced', { a });
  await pair.put(pair.from, ours('1'));
  await pair.compare();
  await pair.put(pair.from, ours('2'));
  const { primary, replica } = await pair.sides();
  const where = { namespace: pair.namespace, name: 'raced' };
  let before: (() => Promise<unknown>) | undefined = async () => {
    await pair.to.delete(configMaps, where);
    await pair.to.create(
      configMaps,
      { metadata: where, data: { a: 'theirs' } },
      { fieldManager: 'somebody' },
    );
  };
  const racing = <T extends KubeObject>(...args: Parameters<typeof pair.to.apply<T>>) => {
    const first = before?.();
    before = undefined;
    return Promise.resolve(first).then(() => pair.to.apply(...args));
  };
  const kube = new Proxy(pair.to, {
    get: (target, name) => {
      if (name === 'apply') return racing;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const view = await once({ primary, replicas: [{ ...replica, kube }] }, pair.spec());
  expect(view.failures).toMatchObject([{ kind: 'ConfigMap', reason: 'not-ours', count: 1 }]);
  expect(await pair.copyOf('configmaps', 'raced')).toMatchObject({ data: { a: 'theirs' } });
});

test('rules are replaced while it runs, and what they no longer cover is left', async () => {
  await pair.put(pair.from, configMap('c', {}), secret('s', { a: 'x' }));
  const spec = pair.spec({ rules: [ruleFor('', 'ConfigMap')] });
  const has = async (what: string, name: string) => (await pair.find(pair.to, what, name)) !== undefined;
  await expect(pair.compare({ suspended: true })).rejects.toMatchObject({ exitCode: 3 });
  const running = await watch(await pair.sides(), { ...spec, suspended: true });
  watching = [running];
  await eventuallySees(() => running.task().replicas[0]?.behind().pending, Boolean);
  expect(await has('configmaps', 'c')).toBe(false);
  running.session.replace({ spec });
  await eventuallySees(() => has('configmaps', 'c'), Boolean);
  expect([await has('configmaps', 'c'), await has('secrets', 's')]).toEqual([true, false]);
  running.session.replace({ spec: { ...spec, rules: [ruleFor('', 'Secret')] } });
  await eventuallySees(() => has('secrets', 's'), Boolean);
  await pair.delete(pair.from, 'configmaps', 'c');
  await pair.put(pair.from, secret('later', { a: 'x' }));
  await eventuallySees(() => has('secrets', 'later'), Boolean);
  expect(await has('configmaps', 'c')).toBe(true);
  // Two runs of one task, counted together: the namespace and three objects.
  const done = async () => (await readStatus(pair.from, pair.task))?.replicas[0]?.done;
  await eventually(async () => expect(await done()).toEqual({ created: 4 }));
});

test('tasks of one process share watches', async () => {
  await pair.put(pair.from, configMap('c', { a: '1' }), secret('s', { a: 'x' }));
  const informers = new Informers(systemClock);
  const sides = { ...(await pair.sides()), informers };
  const other = pair.alsoNamespace('other');
  const map = new Map([[pair.namespace, other]]);
  watching = [await watch(sides, pair.spec())];
  const alone = informers.size;
  watching.push(await watch(sides, pair.spec({ name: pair.otherTask('two'), map })));
  // Of the second task only the replica's other namespace is new.
  expect(informers.size).toBe(alone + 2);
  await pair.put(pair.from, configMap('c', { a: '2' }), secret('s', { a: 'y' }));
  await pair.equal();
  const there = () => pair.content(pair.to, other);
  await eventually(async () => expect(await there()).toEqual(await pair.content(pair.from)));
  await watching[0]?.stop();
  expect(informers.size).toBeLessThan(alone + 2);
  await pair.put(pair.from, configMap('c', { a: '3' }));
  await eventually(async () => expect(await there()).toEqual(await pair.content(pair.from)));
});

test('no value of a Secret gets into the state, the records or a message', async () => {
  await pair.put(pair.from, secret('s', { password: 'hunter2-hunter2' }));
  const { said, ...view } = await pair.compare();
  const bare = Buffer.from('hunter2-hunter2').toString('base64');
  const { items } = await pair.from.list(configMaps, {
    namespace: 'x8s-nsreplicate',
    labelSelector: `x8s.dev/task=${pair.task}`,
  });
  expect(items.length).toBeGreaterThan(0);
  expect(JSON.stringify([said, view, items])).not.toMatch(new RegExp(`${bare}|hunter2`));
  expect((await pair.to.get(secrets, { namespace: pair.namespace, name: 's' })).data).toEqual({
    password: bare,
  });
});
