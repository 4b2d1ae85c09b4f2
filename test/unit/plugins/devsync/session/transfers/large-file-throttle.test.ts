import { expect, test } from '@jest/globals';
import type { File } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Change } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { LargeFileThrottle } from '../../../../../../plugins/devsync/session/transfers/large-file-throttle.ts';
import type { Clock } from '../../../../../../src/clock.ts';

const file = (version: number, size: number): File => ({
  kind: 'file',
  digest: String(version),
  size,
  executable: false,
});
const change = (version: number, size: number): Change => ({
  path: 'log',
  old: file(version - 1, size),
  new: file(version, size),
  reason: 'changed',
});

/** How many versions of a file go, of one that is written anew every so many milliseconds, in ten minutes. */
function sentOf(size: number, every: number, isAsked = false): number {
  let now = 0;
  const clock = { monotonic: () => now, sleep: () => new Promise<void>(() => {}) } as unknown as Clock;
  const restless = new LargeFileThrottle(clock, new AbortController().signal, () => {});
  let sent = 0;
  for (let version = 1; now < 600_000; version++) {
    const { container } = restless.due({ container: [change(version, size)] }, isAsked);
    sent += container.length;
    expect(restless.words === '').toBe(container.length === 1);
    restless.sent();
    now += every;
  }
  return sent;
}

test('a large file that changes all the time is sent less and less often', () => {
  expect(sentOf(3e6, 100)).toBeLessThan(30);
  expect(sentOf(3e6, 100)).toBeGreaterThan(15);
});

test('a small one, one that is saved now and then, and one that a person waits for always go', () => {
  expect(sentOf(1e4, 100)).toBe(6000);
  expect(sentOf(3e6, 15_000)).toBe(40);
  expect(sentOf(3e6, 100, true)).toBe(6000);
});

test('what had to wait goes when it is due', async () => {
  let due = 0;
  const waits: number[] = [];
  const clock = {
    monotonic: () => 0,
    sleep: async (ms: number) => void waits.push(ms),
  } as unknown as Clock;
  const restless = new LargeFileThrottle(clock, new AbortController().signal, () => due++);
  for (let version = 1; version <= 4; version++) {
    restless.due({ local: [change(version, 3e6)] }, false);
    restless.sent();
  }
  await Promise.resolve();
  expect([waits, due]).toEqual([[1000], 1]);
});

test('a version that is tried again and again is no other version', () => {
  const clock = { monotonic: () => 0, sleep: () => new Promise<void>(() => {}) } as unknown as Clock;
  const throttle = new LargeFileThrottle(clock, new AbortController().signal, () => {});
  for (let attempt = 0; attempt < 10; attempt++) {
    expect(throttle.due({ container: [change(1, 3e6)] }, false).container).toHaveLength(1);
    throttle.sent();
  }
  expect(throttle.words).toBe('');
});
