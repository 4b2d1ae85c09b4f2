import { afterEach, expect, test } from '@jest/globals';
import { keyOf } from '../../../../../plugins/nsreplicate/engine/keys.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, replication } from '../../../support/replication.ts';

let scene: ReturnType<typeof replication>;

afterEach(() => scene.end());

const key = (name: string) => keyOf('ConfigMap', 'shop', name);

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
