/** A first sync tells how far it has come, from its beginning to its end. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Activity } from '../../../../../../plugins/devsync/session/status/activity.ts';
import type { ProgressState } from '../../../../../../plugins/devsync/session/status/progress.ts';
import { systemClock } from '../../../../../../src/clock.ts';
import { openPair } from '../../support/pair.ts';

test('a first sync of small and large files: every byte and every change is counted, once', async () => {
  const seen: ProgressState[] = [];
  const activity = new Activity(systemClock);
  const look = () => seen.push(...[activity.state.progress ?? []].flat());
  const it = openPair({ sync: { activity, onArrived: look } });
  const bytes = 1100 * 100 + 2 * (3 << 20);
  for (let index = 0; index < 1100; index++) writeFileSync(join(it.local, `${index}`), randomBytes(100));
  for (const name of ['one', 'two']) writeFileSync(join(it.local, name), randomBytes(3 << 20));
  await it.start();
  await it.synchronizer.flush();
  const total = { operations: 1102, bytes };
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.at(-1)).toEqual({ total, done: total });
  const counts = seen.map(({ done }) => done.operations);
  expect(counts).toEqual(counts.toSorted((one, other) => one - other));
  expect(new Set(seen.map((one) => one.total.operations))).toEqual(new Set([1102]));
  expect(activity.state.progress).toBeUndefined();
});
