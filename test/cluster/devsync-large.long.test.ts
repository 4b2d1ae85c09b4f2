/** Large files on a real cluster: what of them travels. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { ActivityState } from '../../plugins/devsync/session/status/activity.ts';
import type { Seen } from './support/devsync.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

const bytesOf = (seen: Seen) => (seen.state as unknown as { activity: ActivityState }).activity.bytes;

test('of a large file that was edited, the differences travel, both ways', async () => {
  const it = open();
  const large = join(it.local, 'large');
  const data = randomBytes(16 << 20);
  writeFileSync(large, data);
  await it.sync('large', { options: ['--permissions', 'kept'] });
  const isSame = async () => {
    const digest = createHash('sha256').update(readFileSync(large)).digest('hex');
    expect(await it.sh('large', 'sha256sum </work/large')).toContain(digest);
  };
  await isSame();
  const before = bytesOf(await it.reaches('large', 'watching'));
  expect(before.container).toBe(data.length);
  // At once, here and there: half of it that is seen on the way would travel as well.
  writeFileSync(
    `${it.local}.new`,
    Buffer.concat([data.subarray(0, 5_000_001), Buffer.from('here'), data.subarray(5_000_001)]),
  );
  renameSync(`${it.local}.new`, large);
  expect(await it.must('flush', 'large')).toMatch(/^Both sides are the same/);
  await isSame();
  const there = bytesOf(await it.reaches('large', 'watching'));
  expect(there.container - before.container).toBeLessThan(100_000);
  await it.sh('large', 'cd /work; { echo there; cat large; } >/tmp/new; mv /tmp/new large');
  expect(await it.must('flush', 'large')).toMatch(/^Both sides are the same/);
  expect(readFileSync(large).subarray(0, 6).toString()).toBe('there\n');
  await isSame();
  const here = bytesOf(await it.reaches('large', 'watching'));
  expect(here.local).toBeLessThan(100_000);
});
