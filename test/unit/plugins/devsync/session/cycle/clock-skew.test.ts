/**
 * The clock of the container is hours off. The agent's process has another time, by a fake `Date`, and its files have times
 * of that clock, as a kernel of its own would stamp them.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair } from '../../support/pair.ts';

const hour = 3_600_000;
let folder: string | undefined;
afterEach(() => {
  if (folder) rmSync(folder, { recursive: true });
  folder = undefined;
});

/** A Node.js whose clock is off by so many milliseconds. */
function nodeWithClock(offset: number): string {
  folder = mkdtempSync(join(tmpdir(), 'other-clock-'));
  const shift = join(folder, 'shift.cjs');
  writeFileSync(
    shift,
    `const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + ${offset}); }
  static now() { return Real.now() + ${offset}; }
};\n`,
  );
  const node = join(folder, 'node');
  writeFileSync(node, `#!/bin/sh\nexec ${process.execPath} --require ${shift} "$@"\n`);
  chmodSync(node, 0o755);
  return node;
}

const text = (...path: string[]) => readFileSync(join(...path), 'utf8');

test.each([
  ['ahead', 7 * hour],
  ['behind', -7 * hour],
])('a container whose clock is seven hours %s: saves arrive both ways, and none twice', async (_, offset) => {
  const it = openPair({ node: nodeWithClock(offset) });
  const there = (Date.now() + offset) / 1000;
  const saveThere = (words: string) => {
    writeFileSync(join(it.container, 'there'), words);
    utimesSync(join(it.container, 'there'), there, there);
  };
  writeFileSync(join(it.local, 'here'), 'first');
  saveThere('first');
  await it.start();
  await it.synchronizer.flush();
  expect([text(it.container, 'here'), text(it.local, 'there')]).toEqual(['first', 'first']);
  for (const words of ['again', 'other']) {
    writeFileSync(join(it.local, 'here'), words);
    await eventually(() => expect(text(it.container, 'here')).toBe(words));
    // Of one length and one time: only the content tells it from the last one.
    saveThere(words);
    await eventually(() => expect(text(it.local, 'there')).toBe(words));
  }
  const { conflicts, problems } = await it.synchronizer.flush();
  expect([conflicts, problems]).toEqual([[], []]);
  const { lastChange } = it.synchronizer.state;
  await it.synchronizer.flush();
  expect(it.synchronizer.state.lastChange).toBe(lastChange);
});

test('both sides are changed while their clocks differ: a conflict, whichever is said to be newer', async () => {
  const it = openPair({ node: nodeWithClock(7 * hour) });
  writeFileSync(join(it.local, 'both'), 'first');
  await it.start();
  await it.synchronizer.flush();
  await it.synchronizer.pause();
  writeFileSync(join(it.local, 'both'), 'mine');
  writeFileSync(join(it.container, 'both'), 'theirs');
  const there = (Date.now() + 7 * hour) / 1000;
  utimesSync(join(it.container, 'both'), there, there);
  const { conflicts } = await it.synchronizer.resume(false);
  expect(conflicts.map(({ path }) => path)).toEqual(['both']);
  expect([text(it.local, 'both'), text(it.container, 'both')]).toEqual(['mine', 'theirs']);
});

test('times that are kept are those of the side where a file was saved', async () => {
  const it = openPair({
    node: nodeWithClock(-7 * hour),
    scan: { permissions: 'portable', symlinks: 'portable', times: 'kept' },
  });
  await it.start();
  const there = Math.floor(Date.now() / 1000) - 7 * 3600;
  writeFileSync(join(it.container, 'file'), 'x');
  utimesSync(join(it.container, 'file'), there, there);
  await it.synchronizer.flush();
  expect(statSync(join(it.local, 'file')).mtimeMs).toBe(there * 1000);
  writeFileSync(join(it.local, 'file'), 'more');
  await it.synchronizer.flush();
  const seconds = (side: string) => Math.floor(statSync(join(side, 'file')).mtimeMs / 1000);
  expect(seconds(it.container)).toBe(seconds(it.local));
});
