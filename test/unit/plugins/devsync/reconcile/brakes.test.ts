import { describe, expect, test } from '@jest/globals';
import {
  type Brake,
  brakesFor,
  explainBrake,
  isCovered,
} from '../../../../../plugins/devsync/reconcile/brakes.ts';
import { filesGone, RecentChanges } from '../../../../../plugins/devsync/reconcile/losses.ts';
import {
  type Change,
  type Mode,
  type Plan,
  reconcile,
} from '../../../../../plugins/devsync/reconcile/reconcile.ts';
import { type Shape, tree } from '../support/trees.ts';

const files = (count: number, prefix = 'f'): Record<string, Shape> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, `${prefix}${index}`]));

function brake(
  ancestor: Shape | undefined,
  alpha: Shape | undefined,
  beta: Shape | undefined,
  mode: Mode = 'two-way-safe',
) {
  const trees = [tree(ancestor), tree(alpha), tree(beta)] as const;
  return [...brakesFor(...trees, reconcile(...trees, { mode }), { alpha: 200, beta: 200 })][0];
}

describe('brakesFor', () => {
  test.each([
    ['a root that vanished', files(3), undefined, files(3), { kind: 'root vanished', side: 'alpha' }],
    ['a root that became a file', files(3), files(3), 'x', { kind: 'root changed its type', side: 'beta' }],
    ['a root that was emptied', files(3), files(3), {}, { kind: 'root emptied', side: 'beta' }],
    ['a root that lost its only file', { a: '1' }, {}, { a: '1' }, { kind: 'root emptied', side: 'alpha' }],
    [
      'a root that lost its only directory, where the other side has edited in it',
      { d: { a: '1' } },
      {},
      { d: { a: '2', b: '3' } },
      { kind: 'root emptied', side: 'alpha' },
    ],
    [
      'a root that was emptied of all but ignored things',
      files(3),
      files(3),
      { '.x8s-devsync': '!', build: { out: '!' } },
      { kind: 'root emptied', side: 'beta' },
    ],
    [
      'more than half of ten or more files',
      files(20),
      files(9),
      files(20),
      { kind: 'mass deletion', side: 'beta', files: 11, of: 20, now: 11 },
    ],
  ])('stops for %s', (_, ancestor, alpha, beta, expected) => {
    expect(brake(ancestor, alpha, beta)).toEqual(expected);
  });

  test.each<[string, Shape | undefined, Shape | undefined, Shape | undefined]>([
    ['the first sync', undefined, files(30), {}],
    ['half of the files', files(20), files(10), files(20)],
    ['few files', files(9), { keep: 'x' }, files(9)],
    ['a root that cannot be read', files(3), '?', files(3)],
    ['what went on both sides', files(3), {}, { '.x8s-devsync': '!' }],
    ['a directory that held nothing', { empty: {} }, {}, { empty: {} }],
    ['a folder that was renamed', { old: files(30) }, { new: files(30) }, { old: files(30) }],
    [
      'many changed files',
      files(30),
      Object.fromEntries(Object.keys(files(30)).map((n) => [n, 'new'])),
      files(30),
    ],
    [
      'ignored files that go',
      { a: '1' },
      { a: '1' },
      { a: '1', ...Object.fromEntries(Object.keys(files(30)).map((n) => [n, '!'])) },
    ],
  ])('lets pass %s', (_, ancestor, alpha, beta) => {
    expect(brake(ancestor, alpha, beta)).toBeUndefined();
  });

  test('stops a replica that would wipe what it finds', () => {
    expect(brake(undefined, { a: '1' }, files(30), 'one-way-replica')).toEqual({
      kind: 'mass deletion',
      side: 'beta',
      files: 30,
      of: 30,
      now: 30,
    });
  });

  test('stops where the trash could not hold what would go', () => {
    const big = (name: string) => ({ a: name.repeat(300) });
    expect(brake(big('1'), big('2'), big('1'))).toEqual({
      kind: 'trash too small',
      side: 'beta',
      bytes: 300,
      limit: 200,
    });
  });

  test('says which side', () => {
    const names = { alpha: 'on this workstation', beta: 'in the container' };
    expect(explainBrake({ kind: 'mass deletion', side: 'beta', files: 3, of: 4, now: 3 }, names)).toBe(
      '3 of 4 files would be deleted in the container',
    );
  });

  test('tells of each reason, so that one that was confirmed hides no other', () => {
    const trees = [tree(files(20)), tree(files(20)), tree({})] as const;
    const plan = reconcile(...trees, { mode: 'two-way-safe' });
    const [emptied, deletion, trash, ...more] = brakesFor(...trees, plan, {
      alpha: 1,
      beta: 200,
    }) as Iterable<Brake>;
    expect([emptied?.kind, deletion?.kind, trash?.kind]).toEqual([
      'root emptied',
      'mass deletion',
      'trash too small',
    ]);
    expect(more).toEqual([]);
    // The files that go are those of the root that is empty, and there is room for them or not.
    const covered = [deletion, trash].map((brake) => brake && emptied && isCovered(brake, emptied));
    expect(covered).toEqual([true, false]);
  });
});

describe('files that go one after the other', () => {
  const gone = (path: string, content = path) => changed(path, content, undefined);
  const changed = (path: string, old: Shape | undefined, to: Shape | undefined): Change => ({
    path,
    old: tree(old),
    new: tree(to) as Change['new'],
    reason: 'changed on the other side' as Change['reason'],
  });
  const brakesAfter = (recent: readonly Change[], plan: readonly Change[], left: number) => [
    ...brakesFor(
      tree(files(left)),
      tree(files(left)),
      tree(files(left)),
      { alpha: [], beta: plan, ancestor: [], conflicts: [] } as unknown as Plan,
      { alpha: 1e9, beta: 1e9 },
      { alpha: [], beta: recent },
    ),
  ];

  test('are as many as if they went at once', () => {
    const recent = Array.from({ length: 10 }, (_, index) => gone(`g${index}`));
    expect(brakesAfter(recent, [gone('f0')], 10)).toEqual([
      { kind: 'mass deletion', side: 'beta', files: 11, of: 20, now: 1 },
    ]);
    expect(brakesAfter(recent, [gone('f0')], 12)).toEqual([]);
    // What only changes asks for nothing, whatever went before.
    expect(brakesAfter(recent, [changed('f0', 'a', 'b')], 10)).toEqual([]);
  });

  test('and come back, as those of a build do, are not lost', () => {
    const build = (count: number, version: string) =>
      Array.from({ length: count }, (_, index) => [
        gone(`dist/${index}`, `old ${version} ${index}`),
        changed(`dist/${index}`, undefined, `new ${version} ${index}`),
      ]).flat();
    const moved = [changed('a', files(9, 'm'), undefined), changed('b', undefined, files(9, 'm'))];
    const recent = [...build(9, '1'), ...build(9, '2'), ...moved];
    expect(filesGone(recent)).toBe(0);
    expect(brakesAfter(recent, [gone('f0')], 10)).toEqual([]);
  });

  test('and had come just before, as those of an installation do, count where they go at once only', () => {
    const arrived = Array.from({ length: 20 }, (_, index) => changed(`n${index}`, undefined, `n${index}`));
    const going = Array.from({ length: 20 }, (_, index) => gone(`n${index}`));
    expect(filesGone([...arrived, ...going])).toBe(0);
    expect(brakesAfter([...arrived, ...going.slice(1)], going.slice(0, 1), 10)).toEqual([]);
    const [brake] = brakesAfter(arrived, going, 22);
    expect(brake).toEqual({ kind: 'mass deletion', side: 'beta', files: 20, of: 22, now: 20 });
    // What went before is out of mind by the time that it is confirmed, or the other way round: the same files go.
    const [later] = brakesAfter([gone('f0'), gone('f1'), gone('f2')], going, 22);
    expect([brake, later].map((one) => one && brake && isCovered(one, brake))).toEqual([true, true]);
  });

  test('are forgotten after a while, and when a person has let them go', () => {
    const recent = new RecentChanges();
    recent.note(0, [gone('a')]);
    recent.note(6_000, [gone('b')]);
    expect(recent.at(9_000).map(({ path }) => path)).toEqual(['a', 'b']);
    expect(recent.at(12_000).map(({ path }) => path)).toEqual(['b']);
    recent.forget();
    expect(recent.at(12_000)).toEqual([]);
  });
});
