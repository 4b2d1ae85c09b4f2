import { describe, expect, test } from '@jest/globals';
import { type Mode, reconcile } from '../../../../../plugins/devsync/reconcile/reconcile.ts';
import { type Shape, shapeOf, tree } from '../support/trees.ts';

interface Case {
  what: string;
  mode?: Mode;
  ancestor?: Shape;
  alpha?: Shape;
  beta?: Shape;
  /** Expected: path → what it becomes. */
  toAlpha?: Record<string, Shape | undefined>;
  toBeta?: Record<string, Shape | undefined>;
  agreed?: Record<string, Shape | undefined>;
  conflicts?: string[];
  kept?: string[];
}

const cases: Case[] = [
  { what: 'nothing anywhere' },
  { what: 'both made the same: only the ancestor learns', alpha: 'x', beta: 'x', agreed: { '': 'x' } },
  { what: 'both deleted it: the ancestor forgets', ancestor: 'x', agreed: { '': undefined } },
  { what: 'created locally', alpha: { a: '1' }, beta: {}, ancestor: {}, toBeta: { a: '1' } },
  { what: 'created in the container', alpha: {}, beta: { a: '1' }, ancestor: {}, toAlpha: { a: '1' } },
  {
    what: 'changed locally',
    ancestor: { a: '1' },
    alpha: { a: '2' },
    beta: { a: '1' },
    toBeta: { a: '2' },
  },
  {
    what: 'only the executable bit changed',
    ancestor: { a: '1' },
    alpha: { a: '1' },
    beta: { a: '1*' },
    toAlpha: { a: '1*' },
  },
  {
    what: 'a side that knows no executable bit changes none: the ancestor learns that of the other one',
    ancestor: { a: '1', b: '1*' },
    alpha: { a: '1~', b: '1~' },
    beta: { a: '1*', b: '1' },
    agreed: { a: '1*', b: '1' },
  },
  {
    what: 'what it has changed keeps the bit that both agreed on',
    ancestor: { a: '1*', b: '1' },
    alpha: { a: '2~', b: '2~' },
    beta: { a: '1*', b: '1' },
    toBeta: { a: '2*', b: '2' },
  },
  {
    what: 'what was never agreed on keeps that of the version that it replaces',
    mode: 'one-way-replica',
    ancestor: {},
    alpha: { a: '2~', new: '1~' },
    beta: { a: '1*' },
    toBeta: { a: '2*', new: '1' },
  },
  {
    what: 'a first sync finds no difference where one side knows no bit',
    alpha: { a: '1~', b: '1~' },
    beta: { a: '1*', b: '1' },
    agreed: { '': {}, a: '1*', b: '1' },
  },
  {
    what: 'of a directory that returns, each file has its bit',
    ancestor: { d: { a: '1*', b: '1' } },
    alpha: {},
    beta: { d: { a: '2~', b: '1~', new: '1~' } },
    toAlpha: { d: { a: '2*', new: '1' } },
    toBeta: { 'd/b': undefined },
  },
  { what: 'deleted locally', ancestor: { a: '1' }, alpha: {}, beta: { a: '1' }, toBeta: { a: undefined } },
  { what: 'edit beats delete', ancestor: { a: '1' }, alpha: {}, beta: { a: '2' }, toAlpha: { a: '2' } },
  {
    what: 'of a folder that was deleted, only what was edited returns',
    ancestor: { d: { a: '1', b: '1', e: { f: '1' }, g: { h: '1', i: '1' } } },
    alpha: {},
    beta: { d: { a: '1', b: '2', e: { f: '1' }, g: { h: '1', i: '1', new: '1' } } },
    toAlpha: { d: { b: '2', g: { new: '1' } } },
    toBeta: { 'd/a': undefined, 'd/e': undefined, 'd/g/h': undefined, 'd/g/i': undefined },
  },
  {
    what: 'what both have deleted of it is forgotten',
    ancestor: { d: { a: '1', b: '1', c: '1' } },
    alpha: { d: { a: '1', b: '2' } },
    beta: {},
    toAlpha: { 'd/a': undefined },
    toBeta: { d: { b: '2' } },
    agreed: { 'd/c': undefined },
  },
  {
    what: 'renamed here, one file of it edited there',
    ancestor: { mod: { a: '1', b: '2' } },
    alpha: { module: { a: '1', b: '2' } },
    beta: { mod: { a: '1', b: '3' } },
    toAlpha: { mod: { b: '3' } },
    toBeta: { 'mod/a': undefined, module: { a: '1', b: '2' } },
  },
  {
    what: 'a folder that became a file, where the other one edited in it, is a conflict',
    ancestor: { d: { a: '1', b: '1' } },
    alpha: { d: '1' },
    beta: { d: { a: '1', b: '2' } },
    conflicts: ['d both changed'],
  },
  {
    what: 'a deletion within a deletion is completed',
    ancestor: { d: { a: '1', b: '1' } },
    alpha: {},
    beta: { d: { a: '1' } },
    toBeta: { d: undefined },
  },
  {
    what: 'both changed: a conflict',
    ancestor: { a: '1' },
    alpha: { a: '2' },
    beta: { a: '3' },
    conflicts: ['a both changed'],
  },
  {
    what: 'both changed, resolved: alpha wins',
    mode: 'two-way-resolved',
    ancestor: { a: '1' },
    alpha: { a: '2' },
    beta: { a: '3' },
    toBeta: { a: '2' },
  },
  {
    what: 'resolved, too, lets edits beat deletions of the winner',
    mode: 'two-way-resolved',
    ancestor: { a: '1' },
    alpha: {},
    beta: { a: '3' },
    toAlpha: { a: '3' },
  },
  {
    what: 'both created, differently',
    ancestor: {},
    alpha: { a: '1' },
    beta: { a: '@x' },
    conflicts: ['a both changed'],
  },
  {
    what: 'folders created on both sides merge',
    ancestor: {},
    alpha: { d: { a: '1' } },
    beta: { d: { b: '2' } },
    agreed: { d: {} },
    toBeta: { 'd/a': '1' },
    toAlpha: { 'd/b': '2' },
  },
  {
    what: 'a problem blocks its own path only',
    ancestor: { a: '1', b: '1' },
    alpha: { a: '?', b: '2' },
    beta: { a: '1', b: '1' },
    toBeta: { b: '2' },
  },
  {
    what: 'an unreadable file in a folder keeps it from being deleted',
    ancestor: { d: { a: '1' } },
    alpha: {},
    beta: { d: { a: '?' } },
    toAlpha: { d: {} },
  },
  {
    what: 'but the readable ones beside it go',
    ancestor: { d: { a: '1', b: '1' } },
    alpha: {},
    beta: { d: { a: '?', b: '1' } },
    toAlpha: { d: {} },
    toBeta: { 'd/b': undefined },
  },
  {
    what: 'ignored files do not keep a folder from being deleted',
    ancestor: { d: { a: '1' } },
    alpha: {},
    beta: { d: { a: '1', o: '!' } },
    toBeta: { d: undefined },
  },
  {
    what: 'and what is left of it then counts as gone',
    ancestor: { d: {} },
    alpha: {},
    beta: { d: { o: '!' } },
    agreed: { d: undefined },
  },
  {
    what: 'a folder of ignored files alone is not created elsewhere',
    ancestor: {},
    alpha: { d: { e: { o: '!' } } },
    beta: {},
  },
  {
    what: 'nothing takes the place of ignored files',
    ancestor: { d: { a: '1' } },
    alpha: { d: '2' },
    beta: { d: { a: '1', o: '!' } },
    conflicts: ['d in the way'],
  },
  {
    what: 'ignored on one side only is never a deletion',
    ancestor: { a: '1' },
    alpha: { a: '!' },
    beta: { a: '1' },
    conflicts: ['a in the way'],
  },
  {
    what: 'newly ignored on both sides: forgotten, and left alone',
    ancestor: { a: '1' },
    alpha: { a: '!' },
    beta: { a: '!' },
    agreed: { a: undefined },
  },
  {
    what: 'ignored files in a new folder stay at home',
    ancestor: {},
    alpha: { d: { a: '1', o: '!' } },
    beta: {},
    toBeta: { d: { a: '1' } },
  },
  {
    what: 'a file became a folder',
    ancestor: { a: '1' },
    alpha: { a: { b: '2' } },
    beta: { a: '1' },
    toBeta: { a: { b: '2' } },
  },
  // one-way-safe
  {
    what: 'safe: created in the target, stays',
    mode: 'one-way-safe',
    ancestor: {},
    alpha: {},
    beta: { a: '1' },
  },
  {
    what: 'safe: deleted in the target, returns',
    mode: 'one-way-safe',
    ancestor: { a: '1' },
    alpha: { a: '1' },
    beta: {},
    toBeta: { a: '1' },
  },
  {
    what: 'safe: changed in the target, a conflict',
    mode: 'one-way-safe',
    ancestor: { a: '1' },
    alpha: { a: '1' },
    beta: { a: '2' },
    conflicts: ['a both changed'],
  },
  {
    what: 'safe: deleted in the source, changed in the target: now the target’s own',
    mode: 'one-way-safe',
    ancestor: { a: '1' },
    alpha: {},
    beta: { a: '2' },
    agreed: { a: undefined },
    kept: ['a'],
  },
  {
    what: 'safe: deleted in the source',
    mode: 'one-way-safe',
    ancestor: { a: '1' },
    alpha: {},
    beta: { a: '1' },
    toBeta: { a: undefined },
  },
  {
    what: 'safe: of a folder deleted in the source, the target keeps what it made or changed',
    mode: 'one-way-safe',
    ancestor: { d: { a: '1', b: '1', e: { f: '1' } } },
    alpha: {},
    beta: { d: { a: '1', b: '2', e: { f: '1' }, extra: '1' } },
    toBeta: { 'd/a': undefined, 'd/e': undefined },
    agreed: { 'd/b': undefined },
    kept: ['d'],
  },
  {
    what: 'safe: and when all of it is the target’s own, the folder is, too',
    mode: 'one-way-safe',
    ancestor: { d: {} },
    alpha: {},
    beta: { d: { extra: '1' } },
    agreed: { d: undefined },
    kept: ['d'],
  },
  // one-way-replica
  {
    what: 'replica: created in the target, goes',
    mode: 'one-way-replica',
    ancestor: {},
    alpha: {},
    beta: { a: '1' },
    toBeta: { a: undefined },
  },
  {
    what: 'replica: changed in the target, reverted',
    mode: 'one-way-replica',
    ancestor: { a: '1' },
    alpha: { a: '1' },
    beta: { a: '2' },
    toBeta: { a: '1' },
  },
  {
    what: 'replica: ignored files in the way',
    mode: 'one-way-replica',
    ancestor: {},
    alpha: { a: '1' },
    beta: { a: { o: '!' } },
    conflicts: ['a in the way'],
  },
];

describe('reconcile', () => {
  test.each(cases.map((one) => [`${one.mode ?? 'two-way-safe'}: ${one.what}`, one] as const))(
    '%s',
    (_, one) => {
      const plan = reconcile(tree(one.ancestor), tree(one.alpha), tree(one.beta), {
        mode: one.mode ?? 'two-way-safe',
      });
      const changes = (list: typeof plan.alpha) =>
        Object.fromEntries(list.map((c) => [c.path, shapeOf(c.new)]));
      expect(changes(plan.alpha)).toEqual(one.toAlpha ?? {});
      expect(changes(plan.beta)).toEqual(one.toBeta ?? {});
      expect(Object.fromEntries(plan.ancestor.map(([path, entry]) => [path, shapeOf(entry)]))).toEqual(
        one.agreed ?? {},
      );
      expect(plan.conflicts.map((c) => `${c.path} ${c.reason}`)).toEqual(one.conflicts ?? []);
      expect(plan.kept).toEqual(one.kept ?? []);
    },
  );

  test('nothing under a one-way name reaches alpha, not even within a new folder', () => {
    const options = { mode: 'two-way-safe', oneWay: (name: string) => name === '.git' } as const;
    const plan = reconcile(
      tree({ '.git': { a: '1' } }),
      tree({ '.git': { a: '1' } }),
      tree({ '.git': { a: '2', hook: 'evil' }, new: { '.git': { hook: 'evil' }, f: '1' } }),
      options,
    );
    expect(plan.alpha.map((c) => [c.path, shapeOf(c.new)])).toEqual([['new', { f: '1' }]]);
    expect(plan.conflicts.map((c) => c.path)).toEqual(['.git/a']);
  });

  describe('a directory with a one-way directory in it', () => {
    const options = { mode: 'two-way-safe', oneWay: (name: string) => name === '.git' } as const;
    const plan = (ancestor: Shape, alpha: Shape, beta: Shape) => {
      const { conflicts, ...plan } = reconcile(tree(ancestor), tree(alpha), tree(beta), options);
      expect(conflicts).toEqual([]);
      const changes = (list: typeof plan.alpha) =>
        Object.fromEntries(list.map((c) => [c.path, shapeOf(c.new)]));
      return [changes(plan.alpha), changes(plan.beta), plan.ancestor.map(([path]) => path)];
    };
    const lib = { a: '1', '.git': { HEAD: '1' } };

    test('goes with it where it was deleted here', () => {
      expect(plan({ lib }, {}, { lib })).toEqual([{}, { lib: undefined }, []]);
    });
    test('stays as a whole in the container where it has anything of its own, and nothing comes back', () => {
      const theirs = { '.git': { HEAD: '1', index: '2' } };
      expect(plan({ lib }, {}, { lib: { ...lib, ...theirs } })).toEqual([
        {},
        { 'lib/a': undefined },
        ['lib/.git'],
      ]);
      expect(plan({ lib: {} }, {}, { lib: theirs })).toEqual([{}, {}, ['lib']]);
      expect(plan({}, {}, { lib: theirs })).toEqual([{}, {}, []]);
    });
    test('stays here where the container has deleted it, and goes there once more', () => {
      expect(plan({ lib }, { lib }, {})).toEqual([
        { 'lib/a': undefined },
        { lib: { '.git': { HEAD: '1' } } },
        [],
      ]);
    });
    test('makes nothing here where the container has nothing else', () => {
      expect(plan({}, {}, { new: { '.git': { HEAD: '1' } } })).toEqual([{}, {}, []]);
    });
  });

  test('a person’s decision settles a conflict, and no other', () => {
    const sides = [tree({ a: '1', b: '1' }), tree({ a: '2', b: '2' }), tree({ a: '3', b: '3' })] as const;
    const plan = reconcile(...sides, {
      mode: 'two-way-safe',
      resolution: ({ path }) => (path === 'a' ? 'beta' : undefined),
    });
    expect(plan.alpha.map((c) => [c.path, shapeOf(c.new), c.reason])).toEqual([['a', '3', 'resolved']]);
    expect(plan.conflicts.map((c) => c.path)).toEqual(['b']);
  });
});
