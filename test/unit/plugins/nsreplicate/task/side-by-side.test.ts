/** The primary's lists and those of its replicas come side by side. */
import { afterEach, expect, test } from '@jest/globals';
import { UnreachableError } from '../../../../../src/errors.ts';
import type { FakeCall } from '../../../support/fake-kube.ts';
import { configMap, configMaps, replication } from '../../../support/replication.ts';

/** More than two pages. */
const MANY = 650;
const names = Array.from({ length: MANY }, (_, index) => `n${String(index).padStart(3, '0')}`);

let scene: ReturnType<typeof replication>;

afterEach(() => scene.end());

/** Clusters with as many objects, copied by an earlier run; what happens in the next one, in order, is logged. */
async function copied(change: () => void = () => undefined): Promise<string[]> {
  scene = replication();
  for (const name of names) scene.from.objects.create(configMaps, configMap(name));
  await scene.begin();
  await scene.end();
  change();
  scene = replication({}, scene);
  const log: string[] = [];
  const note = (side: string) => (call: FakeCall) => {
    if (call.collection === configMaps && call.verb !== 'watch') log.push(`${side} ${call.verb}`);
  };
  const { from, to, clock } = scene;
  from.before = note('from');
  to.before = async (call) => {
    note('to')(call);
    if (call.collection === configMaps && call.verb === 'list') await clock.sleep(100);
  };
  return log;
}

const nth = (log: readonly string[], entry: string, count: number) =>
  log.flatMap((found, index) => (found === entry ? [index] : []))[count - 1] ?? Number.NaN;

test('what is as it should be holds up no list, and is looked at once', async () => {
  const log = await copied();
  const replica = await scene.begin();
  expect(nth(log, 'from list', 3)).toBeLessThan(nth(log, 'to list', 3));
  expect(replica.results.lines.filter(({ kind }) => kind === 'ConfigMap')).toMatchObject([
    { counts: { unchanged: MANY } },
  ]);
  expect(log.filter((entry) => !entry.endsWith(' list'))).toEqual([]);
});

test('nothing is written or deleted before the replica is known as a whole', async () => {
  const log = await copied(() => {
    scene.from.objects.replace(configMaps, configMap('n000', 'another'));
    scene.from.objects.delete(configMaps, 'shop', 'n001');
    scene.from.objects.create(configMaps, configMap('n002a'));
    scene.to.objects.delete(configMaps, 'shop', 'n649');
  });
  await scene.begin();
  await scene.clock.advance(1000);
  const writes = log.filter((entry) => /apply|create|delete/.test(entry)).sort();
  expect(writes).toEqual(['to apply', 'to apply', 'to apply', 'to delete']);
  const firstWrite = log.findIndex((entry) => writes.includes(entry));
  expect(nth(log, 'to list', 3)).toBeLessThan(firstWrite);
  expect(log.filter((entry) => entry === 'from get')).toHaveLength(1);
  const there = scene.to.objects.all(configMaps).map(({ metadata }) => metadata.name);
  expect(there.sort()).toEqual([...names.filter((name) => name !== 'n001'), 'n002a'].sort());
});

test('deletions are measured against all that the replica has, though the primary is listed long before it', async () => {
  const log = await copied(() => {
    for (const name of names.slice(20)) scene.from.objects.delete(configMaps, 'shop', name);
  });
  const replica = await scene.begin();
  await scene.clock.advance(1000);
  expect(replica.deletions.stopped).toMatch(/^630 deletions/);
  expect(log.filter((entry) => entry === 'to delete')).toEqual([]);
  expect(scene.to.objects.all(configMaps)).toHaveLength(MANY);
});

test('a list that breaks off is compared as a whole once it comes', async () => {
  const log = await copied(() => {
    // Settled by the first page of the list that breaks off, and changed before the next one.
    scene.to.objects.delete(configMaps, 'shop', 'n640');
  });
  const { to, clock } = scene;
  let lists = 0;
  const before = to.before;
  to.before = async (call) => {
    await before(call);
    if (call.verb !== 'list' || call.collection !== configMaps || ++lists !== 2) return;
    to.objects.delete(configMaps, 'shop', 'n000');
    throw new UnreachableError('the connection was lost');
  };
  await scene.begin();
  await clock.advance(60_000);
  expect(log.filter((entry) => entry === 'to apply')).toHaveLength(2);
  expect(to.objects.all(configMaps)).toHaveLength(MANY);
  expect(scene.defects).toEqual([]);
});

test('a run that ends while lists are on their way ends', async () => {
  await copied();
  const begun = scene.task.begin().catch(() => undefined);
  await scene.clock.advance(150);
  await scene.end();
  await scene.clock.advance(1000);
  await begun;
  expect(scene.defects).toEqual([]);
});
