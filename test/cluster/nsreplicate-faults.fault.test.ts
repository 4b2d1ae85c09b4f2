/** What befalls clusters and processes: after each, both sides are equal and nothing is gone that should not be. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { configMaps } from '../../src/kube/resources.ts';
import {
  emptyEtcd,
  ensureThird,
  expireWatches,
  freezeComponent,
  killComponent,
  restoreEtcd,
  snapshotEtcd,
  startComponent,
  thawComponent,
} from '../lab/index.ts';
import { contextA, isLab } from './support/contexts.ts';
import { eventually } from './support/eventually.ts';
import { configMap, Pair, secret } from './support/nsreplicate.ts';

const third = 'lab-c';
const server = 'kube-apiserver';

const some = (count: number, value = '1') =>
  Array.from({ length: count }, (_, index) => configMap(`some-${index}`, { value }));

const describeOnLab = isLab ? describe : describe.skip;

describeOnLab('the replica', () => {
  let pair: Pair;

  beforeAll(() => ensureThird(), 180_000);
  beforeEach(async () => {
    pair = await Pair.open('replica', { primary: contextA, replica: third });
    await pair.put(pair.from, ...some(20), secret('password', { value: 'x' }));
  }, 60_000);
  afterEach(() => pair.close(), 60_000);

  test('freezes: its connections stay open, nothing answers, and it goes on', async () => {
    await pair.watch('--request-timeout', '3s');
    await pair.equal();
    freezeComponent(third, server);
    await pair.put(pair.from, ...some(10, 'while frozen'));
    await sleep(6_000);
    thawComponent(third, server);
    await pair.equal(40_000);
  }, 60_000);

  test('is away when the task begins: it is waited for', async () => {
    await pair.copy();
    await killComponent(third, server);
    await pair.put(pair.from, ...some(5, 'before the start'));
    const running = pair.start('--request-timeout', '3s');
    await sleep(5_000);
    await startComponent(third, server);
    await running.saw('compared: ');
    await pair.equal(40_000);
  }, 60_000);

  test('comes back as it was some time ago: what it lost is made good', async () => {
    await pair.watch();
    await pair.equal();
    snapshotEtcd(third, 'nsreplicate');
    await pair.put(pair.from, ...some(15, 'later'), configMap('new', { a: '1' }));
    await pair.delete(pair.from, 'configmaps', 'some-19');
    await pair.equal();
    await restoreEtcd(third, 'nsreplicate');
    await pair.equal(40_000);
  }, 60_000);

  test('forgets its history: watches are begun anew', async () => {
    await pair.watch();
    await pair.equal();
    await expireWatches(third);
    await pair.to.patch(
      configMaps,
      { namespace: pair.namespace, name: 'some-0' },
      { data: { value: 'by hand' } },
      { type: 'merge' },
    );
    await pair.put(pair.from, ...some(5, 'after'));
    await pair.equal(40_000);
  }, 60_000);
});

describeOnLab('the primary', () => {
  let pair: Pair;

  beforeAll(() => ensureThird(), 180_000);
  beforeEach(async () => {
    pair = await Pair.open('primary', { primary: third, replica: contextA });
    await pair.put(pair.from, ...some(20), secret('password', { value: 'x' }));
  }, 60_000);
  afterEach(() => pair.close(), 60_000);

  test('forgets its history while deletions and changes happen', async () => {
    await pair.watch();
    await pair.equal();
    await pair.put(pair.from, ...some(5, 'before'));
    await expireWatches(third);
    await pair.delete(pair.from, 'configmaps', 'some-19');
    await pair.put(pair.from, ...some(5, 'after'));
    await pair.equal(40_000);
  }, 60_000);

  test('is put back from a backup: what it lost stays on the replica until it is approved', async () => {
    const running = await pair.watch();
    await pair.equal();
    snapshotEtcd(third, 'nsreplicate');
    await pair.put(pair.from, ...some(5, 'later'), configMap('new', { a: '1' }));
    await pair.equal();
    await restoreEtcd(third, 'nsreplicate');
    await running.saw('nothing is deleted until `approve`');
    await eventually(async () =>
      expect(await pair.copyOf('configmaps', 'some-0')).toMatchObject({ data: { value: '1' } }),
    );
    await sleep(2_000);
    expect(await pair.copyOf('configmaps', 'new')).toMatchObject({ data: { a: '1' } });
    await eventually(async () => expect((await pair.ask('approve')).code).toBe(0));
    await pair.equal(40_000);
  }, 60_000);

  test('is put back from a backup while nobody watches: also then', async () => {
    snapshotEtcd(third, 'nsreplicate-offline');
    await pair.copy();
    await pair.put(pair.from, configMap('new', { a: '1' }));
    await pair.copy();
    await restoreEtcd(third, 'nsreplicate-offline');
    const running = await pair.watch();
    await running.saw('nothing is deleted until `approve`');
    await sleep(1_000);
    expect(await pair.copyOf('configmaps', 'new')).toMatchObject({ data: { a: '1' } });
  }, 60_000);

  test('is emptied under the same name: nothing is deleted', async () => {
    const running = await pair.watch();
    await pair.equal();
    const before = await pair.versions();
    await emptyEtcd(third);
    await sleep(5_000);
    expect(await pair.versions()).toEqual(before);
    running.child.kill('SIGKILL');
    await running.ended;
    // A namespace of that name, with nothing in it, in a cluster that is another one.
    const again = pair.start();
    await again.saw(/compared: |error: /);
    await sleep(2_000);
    expect(await pair.versions()).toEqual(before);
  }, 60_000);
});
