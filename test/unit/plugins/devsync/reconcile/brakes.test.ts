import { describe, expect, test } from '@jest/globals';
import {
  type Brake,
  brakesFor,
  explainBrake,
  isCovered,
} from '../../../../../plugins/devsync/reconcile/brakes.ts';
import { type Mode, reconcile } from '../../../../../plugins/devsync/reconcile/reconcile.ts';
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
      { kind: 'mass deletion', side: 'beta', files: 11, of: 20 },
    ],
  ])('stops for %s', (_, ancestor, alpha, beta, expected) => {
    expect(brake(ancestor, alpha, beta)).toEqual(expected);
  });

  test.each<[string, Shape | undefined, Shape | undefined, Shape | undefined]>([
    ['the first sync', undefined, files(30), {}],
    ['half of the files', files(20), files(10), files(20)],
    ['few files', files(9), { keep: 'x' }, files(9)],
    ['a root that cannot be read', files(3), '?', files(3)],
    ['the one file there was', { a: '1' }, {}, { a: '1' }],
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
    expect(explainBrake({ kind: 'mass deletion', side: 'beta', files: 3, of: 4 }, names)).toBe(
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
