import { afterEach, expect, test } from '@jest/globals';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { FakeKube } from '../../../support/fake-kube.ts';
import { configMap, configMaps, meddledWith, replication } from '../../../support/replication.ts';

let scene: ReturnType<typeof replication>;

afterEach(() => scene.end());

const front = { key: 'tier', operator: 'in', values: ['front'] } as const;
const key = (name: string) => keyOf('ConfigMap', 'shop', name);

/** Something happens while nobody watches, and is forgotten before anybody does: it has to be listed. */
async function unseen(kube: FakeKube, happen: () => unknown): Promise<void> {
  kube.before = ({ verb }) => {
    if (verb === 'watch') throw new UnreachableError('the connection was lost');
  };
  kube.objects.cutWatches();
  await scene.clock.advance(1000);
  happen();
  kube.objects.compact();
  kube.before = () => undefined;
  await scene.clock.advance(60_000);
}

test('what something else changes back each time is left to a person, who sees it', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  from.objects.create(configMaps, configMap('a'));
  const replica = await scene.begin();
  const edit = async () => {
    const object = to.objects.find(configMaps, 'shop', 'a');
    if (!object) throw new Error('it was not copied');
    to.objects.replace(configMaps, { ...object, data: { value: 'mine' } });
    await clock.advance(100);
  };
  for (let times = 0; times < 5; times++) {
    await edit();
    expect(to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: '1' });
  }
  expect(replica.failures.get(key('a'))?.failure.reason).toBe('fought-over');
  expect(task.records.failed).toMatchObject([{ name: 'a', reason: 'fought-over', parked: true }]);
  await edit();
  expect(to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: 'mine' });
  replica.retry(() => true);
  await clock.advance(100);
  expect(to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: '1' });
  expect(task.records.failed).toEqual([]);
});

test('what something undoes every 15 seconds, as an autoscaler of the replica does, is left to a person too', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  from.objects.create(configMaps, configMap('a'));
  const replica = await scene.begin();
  for (let times = 0; times < 6; times++) {
    const object = to.objects.find(configMaps, 'shop', 'a');
    to.objects.replace(configMaps, { ...configMap('a'), ...object, data: { value: 'scaled' } });
    await clock.advance(15_000);
  }
  expect(to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: 'scaled' });
  expect(replica.parked).toBe(1);
  expect(task.records.failed).toMatchObject([{ name: 'a', reason: 'fought-over', parked: true }]);
  // Who changes it on the primary wants that to arrive.
  from.objects.replace(configMaps, configMap('a', '2'));
  await clock.advance(1000);
  expect(to.objects.find(configMaps, 'shop', 'a')?.data).toEqual({ value: '2' });
});

test('a deletion that is refused again and again is one, and is done once it may be', async () => {
  scene = replication();
  const { from, to, clock } = scene;
  for (const name of ['a', 'b']) from.objects.create(configMaps, configMap(name));
  const replica = await scene.begin();
  to.before = ({ verb }) => {
    if (verb === 'delete') throw apiError(403, 'configmaps is forbidden', 'Forbidden');
  };
  for (const name of ['a', 'b']) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(300_000);
  expect(replica.failures.get(key('a'))).toMatchObject({ failure: { reason: 'forbidden' } });
  expect(replica.failures.get(key('a'))?.attempts).toBeGreaterThan(10);
  expect(replica.deletions.state).toMatchObject({ deletions: [] });
  to.before = () => undefined;
  await clock.advance(60_000);
  expect(to.objects.all(configMaps)).toEqual([]);
  expect(replica.deletions.state.deletions).toMatchObject([{ namespace: 'shop', count: 2 }]);
});

test('an approval covers what waits for it, not what is left anyway', async () => {
  scene = replication({ rules: [{ ...ruleFor('', 'ConfigMap'), selector: [front] }] });
  const { from, to, clock, task } = scene;
  const named = (name: string) => ({ metadata: { name, namespace: 'shop', labels: { tier: 'front' } } });
  const make = (name: string) => from.objects.create(configMaps, { ...configMap(name), ...named(name) });
  const names = Array.from({ length: 36 }, (_, index) => `n${index}`);
  for (const name of names) make(name);
  const replica = await scene.begin();
  // Twelve leave the scope and stay on both sides; of the others more go than may.
  for (const name of names.slice(0, 12)) from.objects.replace(configMaps, configMap(name));
  await clock.advance(1000);
  for (const name of names.slice(12)) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(1000);
  expect([replica.left.size, to.objects.all(configMaps).length]).toEqual([12, 18]);
  task.approve('by a person');
  await clock.advance(1000);
  expect(to.objects.all(configMaps)).toHaveLength(12);
  expect(replica.deletions.state).toEqual({ deletions: [] });
});

test('what was approved and came back is no approval of what vanishes another day', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  const named = (prefix: string, length: number) => Array.from({ length }, (_, index) => `${prefix}${index}`);
  const [first, others] = [named('first', 60), named('other', 20)];
  for (const name of [...first, ...others]) from.objects.create(configMaps, configMap(name));
  const replica = await scene.begin();
  for (const name of first) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(1000);
  // Half of them are gone. The replica takes no deletion just now, and meanwhile all are made anew on the primary.
  expect([replica.deletions.stopped, replica.toDelete.length]).toEqual([expect.any(String), 20]);
  to.before = ({ verb }) => {
    if (verb === 'delete') throw apiError(403, 'configmaps is forbidden', 'Forbidden');
  };
  task.approve('by a person');
  await clock.advance(1000);
  expect(replica.deletions.state.approved).toHaveLength(20);
  for (const name of first) from.objects.create(configMaps, configMap(name));
  to.before = () => undefined;
  await clock.advance(60_000);
  expect([replica.deletions.state, to.objects.all(configMaps).length]).toEqual([{ deletions: [] }, 80]);
  for (const name of [...others, ...first.slice(0, 25)]) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(1000);
  expect(replica.deletions.stopped).toMatch(/deletions in namespace shop/);
  expect(to.objects.all(configMaps)).toHaveLength(40);
});

test('an approval while nothing waits is none of what is wanted later', async () => {
  scene = replication();
  const { from, clock, task } = scene;
  for (let index = 0; index < 30; index++) from.objects.create(configMaps, configMap(`n${index}`));
  const replica = await scene.begin();
  task.approve('of nothing that waits here');
  for (let index = 0; index < 30; index++) from.objects.delete(configMaps, 'shop', `n${index}`);
  await clock.advance(1000);
  expect(replica.deletions.stopped).toBeDefined();
});

test('deletions that are stopped wait for an approval, and a retry is not about them', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
  for (const name of names) from.objects.create(configMaps, configMap(name));
  to.before = ({ verb, name }) => {
    if (verb === 'apply' && name === 'refused') throw apiError(422, 'it is invalid');
  };
  const replica = await scene.begin();
  from.objects.create(configMaps, configMap('refused'));
  await clock.advance(60_000);
  for (const name of names) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(1000);
  const stopped = replica.unapproved;
  expect(stopped).toBeGreaterThan(10);
  expect(replica.parked).toBe(stopped + 1);
  expect(task.retry(undefined, undefined)).toBe(1);
  await clock.advance(60_000);
  expect([replica.unapproved, replica.parked]).toEqual([stopped, stopped + 1]);
  task.approve('by a person');
  await clock.advance(1000);
  expect([replica.unapproved, replica.parked, to.objects.all(configMaps).length]).toEqual([0, 1, 0]);
});

test('what failed is no failure any more once its original is gone, also where nobody saw it go', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  from.objects.create(configMaps, configMap('a'));
  to.before = ({ verb, name }) => {
    if (verb === 'apply' && name === 'a') throw apiError(422, 'a is invalid');
  };
  const replica = await scene.begin();
  await clock.advance(60_000);
  expect([replica.failures.size, replica.parked, task.records.failed.length]).toEqual([1, 1, 1]);
  await unseen(from, () => from.objects.delete(configMaps, 'shop', 'a'));
  expect([replica.failures.size, replica.parked, task.records.failed.length]).toEqual([0, 0, 0]);
});

test('what is on its way out already is not counted again when the primary is listed anew', async () => {
  scene = replication();
  const { from, to, clock } = scene;
  const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
  for (const name of names) from.objects.create(configMaps, configMap(name));
  const replica = await scene.begin();
  for (const copy of to.objects.all(configMaps))
    to.objects.replace(configMaps, {
      ...copy,
      metadata: { ...copy.metadata, finalizers: ['example.com/slow'] },
    });
  await clock.advance(1000);
  for (const name of names.slice(0, 25)) from.objects.delete(configMaps, 'shop', name);
  await clock.advance(1000);
  expect(to.objects.all(configMaps).filter(({ metadata }) => metadata.deletionTimestamp)).toHaveLength(25);
  await unseen(from, () => from.objects.create(configMaps, configMap('more')));
  expect(replica.deletions.state).toEqual({ deletions: [expect.objectContaining({ count: 25 })] });
  expect(replica.results.totals.pruned).toBe(25);
});

test('what is at work or waits is seen after a second, and what failed is a failure until it is tried again', async () => {
  scene = replication({ workers: 1 });
  const { from, to, clock } = scene;
  const replica = await scene.begin();
  const hanging = Promise.withResolvers<void>();
  to.before = ({ verb, name }) => (verb === 'apply' && name === 'a' ? hanging.promise : undefined);
  for (const name of ['a', 'b']) from.objects.create(configMaps, configMap(name));
  await clock.advance(900);
  expect([replica.active(1), replica.behind().pending]).toEqual([[], 2]);
  await clock.advance(200);
  expect(replica.active(1)).toMatchObject([
    { name: 'a', namespace: 'shop', replica: 'to', state: 'running', attempts: 1 },
    { name: 'b', state: 'pending', attempts: 0, startedAt: '2026-01-01T00:00:01.000Z' },
  ]);
  expect(replica.active(1 / 150)).toHaveLength(1);
  hanging.reject(apiError(500, 'not now'));
  await clock.advance(100);
  expect([replica.active(1), replica.delayed, replica.failures.size]).toEqual([[], 1, 1]);
});

test('what a list does not hold since it was written meanwhile is known to be there', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  from.objects.create(configMaps, configMap('a'));
  const replica = await scene.begin();
  const copy = to.objects.find(configMaps, 'shop', 'a');
  const managedFields = ['kubectl-nsreplicate', 'other'].map((manager) => ({ manager }));
  to.objects.replace(configMaps, { ...copy, metadata: { name: 'a', ...copy?.metadata, managedFields } });
  await clock.advance(1000);
  const kind = task.primaryCache.kind('ConfigMap');
  if (!kind) throw new Error('the kind is not copied');
  // The answer of before it was made comes late.
  replica.page(kind, 'shop', [], true, false);
  replica.synced(kind, 'shop');
  await clock.advance(1000);
  expect([...replica.failures.values()].map(({ failure }) => failure.reason)).toEqual([]);
  expect(to.calls.filter(({ verb, name }) => verb === 'apply' && name === 'a')).toHaveLength(1);
});

test('what a replica made of a copy is forgotten with it', async () => {
  scene = replication();
  const { from, to, clock, task } = scene;
  // Something there adds to what is written.
  to.after = ({ verb, name }) => {
    const copy = verb === 'apply' ? to.objects.find(configMaps, 'shop', name ?? '') : undefined;
    if (copy && name) to.objects.replace(configMaps, meddledWith(copy));
  };
  from.objects.create(configMaps, configMap('a'));
  await scene.begin();
  const results = task.results.on('to');
  expect(results.size).toBe(1);
  from.objects.delete(configMaps, 'shop', 'a');
  await clock.advance(1000);
  expect(results.size).toBe(0);
});
