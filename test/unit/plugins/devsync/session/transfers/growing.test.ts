/** A large file that grows while it is sent, in both directions: what is on its way is counted while it goes on. */
import { appendFileSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { type Clock, systemClock } from '../../../../../../src/clock.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

/** Ten times as fast: versions of a large file go ever more seldom. */
const clock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

/** Contents, and parts of them, that wait in a side's staging folder. */
function staged(metadataFolder: string): string[] {
  const shared = join(metadataFolder, 'staging');
  const inFolder = (folder: string) => {
    try {
      return readdirSync(join(shared, folder));
    } catch {
      // It is a content, or has just gone.
      return [folder];
    }
  };
  return readdirSync(shared)
    .flatMap(inFolder)
    .filter((name) => /^[0-9a-f]{64}/.test(name));
}

/** Parts that a process holds open. */
function openParts(pid: number): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link.includes('.part')).length;
}

test.each(['local', 'container'] as const)('to %s', async (side) => {
  const most = { staged: 0, open: 0 };
  let count = () => {};
  const pair = openPair({ sync: { clock, onState: () => count() } });
  const [to, from] = side === 'local' ? [pair.local, pair.container] : [pair.container, pair.local];
  const file = join(from, 'log');
  writeFileSync(file, Buffer.alloc(3e6, 'x'));
  await pair.start();
  await pair.synchronizer.flush();
  const pid = side === 'local' ? process.pid : (pair.process?.pid ?? 0);
  const { metadataFolders } = pair;
  count = () => {
    most.staged = Math.max(most.staged, staged(metadataFolders[side]).length);
    most.open = Math.max(most.open, openParts(pid));
  };
  const sizeThere = () => statSync(join(to, 'log')).size;
  for (let version = 0; version < 6; version++) {
    const before = sizeThere();
    let lines = 0;
    // It grows while it is on its way, and rests for long enough in the end.
    await eventually(() => {
      if (lines++ < 8) appendFileSync(file, `line ${lines} ${'y'.repeat(20_000)}\n`);
      count();
      expect(sizeThere()).not.toBe(before);
    });
  }
  await pair.synchronizer.flush();
  expect(readFileSync(join(to, 'log')).equals(readFileSync(file))).toBe(true);
  expect(most.staged).toBeLessThanOrEqual(2);
  expect(most.open).toBeLessThanOrEqual(1);
  expect(staged(pair.metadataFolders[side])).toEqual([]);
  // The first versions, and those that were due.
  const operations = readdirSync(join(pair.metadataFolders[side], 'trash'));
  expect(operations.length).toBeLessThanOrEqual(10);
});
