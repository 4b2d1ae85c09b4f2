import { describe, expect, test } from '@jest/globals';
import { changeText } from '../../../../../../plugins/nsreplicate/commands/live/change.ts';
import { ChangeLines } from '../../../../../../plugins/nsreplicate/commands/live/change-lines.ts';
import { ChangeLog } from '../../../../../../plugins/nsreplicate/commands/live/change-log.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

const change = (name: string, did = 'created', namespace = 'shop') => ({
  replica: 'standby',
  key: `ConfigMap|${namespace}|${name}`,
  did,
  ms: 12,
});

describe('a change', () => {
  test('is told in one line', () => {
    expect(changeText(change('c'))).toBe('created ConfigMap shop/c on standby, 12ms');
    const failed = { replica: 'eu', key: 'Namespace||shop', did: 'failed', reason: 'forbidden' };
    expect(changeText(failed)).toBe('failed Namespace shop on eu: forbidden');
  });
});

test('a change is told by its place on the replica', () => {
  const told: string[] = [];
  const map = new Map([['shop', 'shop-b']]);
  const { meters, last } = new ChangeLog(fakeClock(), (change) => told.push(changeText(change)), map);
  expect(last).toEqual([]);
  meters.done('b', 'Namespace||shop', 'created', new Date(0), 12);
  meters.failed('b', 'ConfigMap|shop|c', 'invalid');
  meters.done('b', 'ConfigMap|pay|c', 'created', new Date(0), 12);
  meters.failed('b', 'ClusterRole||shop', 'invalid');
  expect(told).toEqual([
    'created Namespace shop-b on b, 12ms',
    'failed ConfigMap shop-b/c on b: invalid',
    'created ConfigMap pay/c on b, 12ms',
    'failed ClusterRole shop on b: invalid',
  ]);
});

describe('lines', () => {
  test('are a few a second, and a sum of the rest', async () => {
    const [clock, told] = [fakeClock(), [] as string[]];
    const lines = new ChangeLines({ clock, line: (text) => told.push(text) });
    for (let index = 0; index < 100; index++) lines.note(change(`c-${index}`));
    for (let index = 0; index < 20; index++) lines.note(change(`p-${index}`, 'pruned', 'pay'));
    expect(told).toEqual(
      [0, 1, 2, 3, 4].map((index) => `created ConfigMap shop/c-${index} on standby, 12ms`),
    );
    await clock.advance(1000);
    lines.note(change('later'));
    expect(told.slice(5)).toEqual([
      '… created 95 more ConfigMap in shop on standby',
      '… pruned 20 more ConfigMap in pay on standby',
      'created ConfigMap shop/later on standby, 12ms',
    ]);
  });

  test('of a second after which nothing comes are summed up all the same, and at the end', async () => {
    const [clock, told, ended] = [fakeClock(), [] as string[], new AbortController()];
    const lines = new ChangeLines({ clock, line: (text) => told.push(text) });
    const running = lines.run(ended.signal);
    for (let index = 0; index < 8; index++) lines.note(change(`c-${index}`));
    await clock.advance(1000);
    expect(told.at(-1)).toBe('… created 3 more ConfigMap in shop on standby');
    for (let index = 0; index < 8; index++) lines.note(change(`d-${index}`));
    ended.abort();
    await running;
    expect(told.at(-1)).toBe('… created 3 more ConfigMap in shop on standby');
    expect(told).toHaveLength(12);
  });

  test('of very many places are not one for each', () => {
    const [clock, told] = [fakeClock(), [] as string[]];
    const lines = new ChangeLines({ clock, line: (text) => told.push(text) });
    for (let index = 0; index < 50; index++) lines.note(change('c', 'created', `n-${index}`));
    lines.flush();
    expect(told.at(-1)).toBe('… and 41 more of 41 other kinds, namespaces or replicas');
    expect(told).toHaveLength(10);
  });
});

describe('the log', () => {
  test('keeps the last ones and the rate, and leaves out what is nothing new', async () => {
    const [clock, told] = [fakeClock(), [] as string[]];
    const log = new ChangeLog(clock, (one) => told.push(changeText(one)));
    const { done, failed } = log.meters;
    for (let index = 0; index < 20; index++)
      done('a', `ConfigMap|shop|c-${index}`, 'created', clock.now(), 5);
    done('a', 'ConfigMap|shop|same', 'unchanged', clock.now(), undefined);
    expect(log.rate('a')).toBe(4);
    expect(log.rate('b')).toBe(0);
    expect(log.last).toHaveLength(8);
    expect(log.lastOn('a')?.key).toBe('ConfigMap|shop|c-19');
    for (let attempt = 0; attempt < 3; attempt++) failed('a', 'Secret|shop|s', 'webhook');
    failed('a', 'Secret|shop|s', 'forbidden');
    done('a', 'Secret|shop|s', 'created', clock.now(), undefined);
    expect(told.slice(20)).toEqual([
      'failed Secret shop/s on a: webhook',
      'failed Secret shop/s on a: forbidden',
      'created Secret shop/s on a, 0ms',
    ]);
    await clock.advance(10_000);
    expect(log.rate('a')).toBe(0);
  });
});
