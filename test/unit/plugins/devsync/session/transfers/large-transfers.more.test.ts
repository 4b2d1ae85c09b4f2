/** Large files on a slow line: small changes pass them, both ways, and what is said and agreed on stays true. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import type { Change } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import type { AppliedChanges } from '../../../../../../plugins/devsync/session/cycle/applied-changes.ts';
import { LargeTransfers } from '../../../../../../plugins/devsync/session/transfers/large-transfers.ts';
import { eventually, eventuallySees } from '../../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../../support/thoroughness.ts';
import { openPair, type Pair } from '../../support/pair.ts';
import { slowLine } from '../../support/slow-line.ts';

jest.setTimeout(60_000);

const rate = 2 << 20;
const size = 20 << 20;
const ways = [
  ['local', 'container'],
  ['container', 'local'],
] as const;

interface OnSlowLine {
  readonly it: Pair;
  readonly passed: () => number;
  readonly crawl: () => void;
  readonly hurry: () => void;
}

/** A pair on a slow line, what has passed it, and what makes it slower or a quick one. */
async function started(): Promise<OnSlowLine> {
  const all = prepared();
  await all.it.start();
  await all.it.synchronizer.flush();
  all.forget();
  return all;
}

/** The same, before its first sync. */
function prepared(): OnSlowLine & { readonly forget: () => void } {
  let [bytes, now] = [0, rate];
  const line = () =>
    slowLine(
      () => now,
      (length) => (bytes += length),
    );
  const pair = openPair({ between: () => ({ toAgent: line(), fromAgent: line() }) });
  for (const side of [pair.local, pair.container]) writeFileSync(join(side, 'code'), 'first');
  const forget = () => {
    bytes = 0;
  };
  const crawl = () => {
    now = rate / 4;
  };
  const hurry = () => {
    now = Number.POSITIVE_INFINITY;
  };
  return { it: pair, passed: () => bytes, crawl, hurry, forget };
}

/** Resolves once a file is there with that text. */
const arrival = (path: string, text: string) =>
  eventuallySees(
    () => (existsSync(path) ? readFileSync(path, 'utf8') : ''),
    (seen) => seen === text,
  );

test.each(firstOf(ways.toReversed()))(
  'small changes from %s to %s pass a large file, and each other way, too',
  async (from, to) => {
    const { it, passed, crawl, hurry } = await started();
    const data = randomBytes(size);
    it.save(from, 'large', data);
    await eventually(() => expect(passed()).toBeGreaterThan(2 << 20));
    // However busy the machine is: the rest takes many times as long as the saves do.
    crawl();
    for (let save = 0; save < 3; save++) {
      writeFileSync(join(it[from], 'code'), `save ${save}`);
      await arrival(join(it[to], 'code'), `save ${save}`);
      writeFileSync(join(it[to], 'other'), `save ${save}`);
      await arrival(join(it[from], 'other'), `save ${save}`);
      expect(existsSync(join(it[to], 'large'))).toBe(false);
      expect(it.synchronizer.state.phase).toBe('syncing');
    }
    hurry();
    const { phase, problems, conflicts } = await it.synchronizer.flush();
    expect({ phase, problems, conflicts }).toEqual({ phase: 'watching', problems: [], conflicts: [] });
    expect(readFileSync(join(it[to], 'large')).equals(data)).toBe(true);
    // All that was sent of it was used.
    expect(passed()).toBeLessThan(size * 1.1);
  },
);

/** Saves on both sides arrive while a large file from one of them does not; then that does. */
async function expectPassing(
  { it, passed, crawl, hurry }: OnSlowLine,
  [from, to]: (typeof ways)[number],
  large: string,
): Promise<void> {
  await eventually(() => expect(passed()).toBeGreaterThan(2 << 20));
  crawl();
  for (let save = 0; save < 3; save++) {
    writeFileSync(join(it[from], 'code'), `save ${save}`);
    await arrival(join(it[to], 'code'), `save ${save}`);
    writeFileSync(join(it[to], 'other'), `save ${save}`);
    await arrival(join(it[from], 'other'), `save ${save}`);
    expect(existsSync(join(it[to], large))).toBe(false);
  }
  hurry();
}

async function expectArrived(
  it: Pair,
  to: 'local' | 'container',
  large: string,
  data: Buffer,
): Promise<void> {
  const { phase, problems, conflicts } = await it.synchronizer.flush();
  expect({ phase, problems, conflicts }).toEqual({ phase: 'watching', problems: [], conflicts: [] });
  expect(readFileSync(join(it[to], large)).equals(data)).toBe(true);
}

describe.each(firstOf(ways))('from %s to %s', (...way) => {
  const [from, to] = way;

  test('small changes pass the large files of a new directory, which is there with all others', async () => {
    const all = await started();
    const data = randomBytes(size);
    mkdirSync(join(all.it.base, 'made/deep'), { recursive: true });
    writeFileSync(join(all.it.base, 'made/deep/large'), data);
    writeFileSync(join(all.it.base, 'made/deep/small'), 'small');
    renameSync(join(all.it.base, 'made'), join(all.it[from], 'made'));
    await arrival(join(all.it[to], 'made/deep/small'), 'small');
    await expectPassing(all, way, 'made/deep/large');
    await expectArrived(all.it, to, 'made/deep/large', data);
    expect(all.passed()).toBeLessThan(size * 1.1);
  });

  if (isThorough)
    test('small changes pass a large file of the first sync, which tells that it is of that', async () => {
      const all = prepared();
      const data = randomBytes(size);
      writeFileSync(join(all.it[from], 'large'), data);
      const applied: [string, boolean][] = [];
      const note = ({ isFirst, container, local }: AppliedChanges) => {
        for (const path of [...container.map((one) => one.path), ...local]) applied.push([path, isFirst]);
      };
      await all.it.start({ onApplied: note });
      await expectPassing(all, way, 'large');
      await expectArrived(all.it, to, 'large', data);
      expect(applied).toContainEqual(['large', true]);
      expect(applied).toContainEqual(['code', false]);
      expect(all.passed()).toBeLessThan(size * 1.1);
    });

  if (isThorough)
    test('small changes pass a large file that a flush has found', async () => {
      const all = await started();
      const data = randomBytes(size);
      await all.it.synchronizer.pause();
      writeFileSync(join(all.it[from], 'large'), data);
      // It looks at everything at once, before any hint is heeded.
      const flushed = all.it.synchronizer.resume(false);
      await expectPassing(all, way, 'large');
      expect((await flushed).phase).toBe('watching');
      await expectArrived(all.it, to, 'large', data);
      expect(all.passed()).toBeLessThan(size * 1.1);
    });
});

test('what happens to it meanwhile is seen when it is there: other versions, deletions, names', async () => {
  const { it, passed, hurry } = await started();
  const large = (name: string) => join(it.local, name);
  const data = randomBytes(4 << 20);
  writeFileSync(large('one'), data);
  await eventually(() => expect(passed()).toBeGreaterThan(1 << 20));
  // A copy of what is on its way is not sent again.
  writeFileSync(large('copy'), data);
  writeFileSync(large('two'), data.subarray(0, 2 << 20));
  rmSync(large('two'));
  hurry();
  await arrival(join(it.container, 'one'), data.toString());
  renameSync(large('one'), large('renamed'));
  writeFileSync(large('renamed'), Buffer.concat([data, Buffer.from('more')]));
  const { problems, conflicts } = await it.synchronizer.flush();
  expect({ problems, conflicts }).toEqual({ problems: [], conflicts: [] });
  for (const name of ['one', 'two']) expect(existsSync(join(it.container, name))).toBe(false);
  for (const name of ['copy', 'renamed'])
    expect(readFileSync(join(it.container, name)).equals(readFileSync(large(name)))).toBe(true);
});

test('an edit in the container while the file is on its way is a conflict, and stays', async () => {
  const { it, passed, hurry } = await started();
  for (const side of [it.local, it.container]) writeFileSync(join(side, 'large'), 'agreed on');
  await it.synchronizer.flush();
  writeFileSync(join(it.local, 'large'), randomBytes(4 << 20));
  await eventually(() => expect(passed()).toBeGreaterThan(1 << 20));
  writeFileSync(join(it.container, 'large'), 'edited there');
  hurry();
  const { conflicts } = await it.synchronizer.flush();
  expect(conflicts.map(({ path }) => path)).toEqual(['large']);
  expect(readFileSync(join(it.container, 'large'), 'utf8')).toBe('edited there');
});

test('a stream that breaks costs nothing that has arrived, and a stop does not wait for the rest', async () => {
  const { it, passed, hurry } = await started();
  const data = randomBytes(8 << 20);
  writeFileSync(join(it.local, 'large'), data);
  await eventually(() => expect(passed()).toBeGreaterThan(3 << 20));
  await it.stop();
  expect(passed()).toBeLessThan(7 << 20);
  const before = passed();
  hurry();
  await it.start();
  await it.synchronizer.flush();
  expect(readFileSync(join(it.container, 'large')).equals(data)).toBe(true);
  expect(passed() - before).toBeLessThan(6 << 20);
});

test('a large file that could not be put there stays a problem while it is on its way once more', async () => {
  const large = new LargeTransfers();
  const file = { kind: 'file', digest: 'd', size: 2 << 20 } as const;
  const change = { path: 'big', old: undefined, new: file, reason: 'created' } as unknown as Change;
  const changes = { local: [], container: [change] };
  const result = { path: 'big', problem: 'no space left' };
  const toContainer = (results: readonly unknown[]) => ({ local: [], container: results });
  expect(large.divide(changes, true, false)).toMatchObject({ beside: changes });
  await large.begin(changes, async () => ({ local: [], container: [result] }));
  const waits = large.divide(changes, true, false);
  expect([waits.beside.container, waits.failed, waits.retried]).toEqual([
    [],
    toContainer([result]),
    toContainer([]),
  ]);
  const again = large.divide(changes, true, true);
  expect([again.beside.container, again.failed, again.retried]).toEqual([
    [change],
    toContainer([]),
    toContainer([result]),
  ]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = large.begin(changes, async () => {
    await promise;
    return { local: [], container: [{ path: 'big' }] };
  });
  for (const mayBegin of [true, false])
    expect(large.divide(changes, mayBegin, false).retried).toEqual(toContainer([result]));
  resolve();
  await done;
  expect(large.divide({ local: [], container: [] }, true, false).retried).toEqual(toContainer([]));
});
