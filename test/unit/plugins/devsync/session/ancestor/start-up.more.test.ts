import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type MaybeEntry, type Tracked, walk } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { reconcile } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { successorAncestor } from '../../../../../../plugins/devsync/reconcile/successor.ts';
import { edited, lookup } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import {
  type Beginning,
  StartUp,
  type StartUpTimes,
} from '../../../../../../plugins/devsync/session/ancestor/start-up.ts';
import { SyncMemory } from '../../../../../../plugins/devsync/session/ancestor/sync-memory.ts';
import { runsOf } from '../../../../../support/thoroughness.ts';
import { edits, folders, leavesOf, shapeOf, tree } from '../../support/trees.ts';
import { carryOut, type World } from '../../support/world.ts';

function begin(
  beginning: Beginning,
  manifests: readonly [MaybeEntry, MaybeEntry] = [undefined, undefined],
  times?: StartUpTimes,
) {
  const events = { written: undefined as MaybeEntry, isOver: false };
  const startUp = new StartUp({
    beginning,
    manifests,
    times,
    onWritten: (wrote) => {
      events.written = wrote;
    },
    onOver: () => {
      events.isOver = true;
    },
  });
  return { startUp, events };
}

/** One look at both sides while the container starts up, and what comes of it. */
function cycle(startUp: StartUp, world: World, now: number): World & { conflicts: string[] } {
  const ancestor = startUp.ancestorFor(world.beta, world.ancestor, now);
  const plan = reconcile(ancestor, world.alpha, world.beta, { mode: 'two-way-safe' });
  const alpha = plan.alpha.filter((change) => !startUp.mayBeUnfinished(change));
  const after = carryOut({ ...world, ancestor }, { ...plan, alpha });
  startUp.reconciled();
  return { ...after, conflicts: plan.conflicts.map(({ path }) => path) };
}

const edit = (root: MaybeEntry, ...changes: readonly (readonly [string, MaybeEntry])[]) =>
  edited(root, changes);

describe('a container that restarts and writes its files some seconds after its start', () => {
  const seed = tree({ app: { a: '1', b: '1' } });

  test('takes what was edited and deleted here', () => {
    const { startUp } = begin('successor', [seed, undefined]);
    const start: World = { ancestor: tree({}), alpha: tree({ app: { a: 'mine' } }), beta: tree({}) };
    const synced = cycle(startUp, start, 0);
    expect(shapeOf(synced.beta)).toEqual({ app: { a: 'mine' } });
    const written = edit(synced.beta, ['app/a', tree('1')], ['app/b', tree('1')]);
    const after = cycle(startUp, { ...synced, beta: written }, 8000);
    const mine = { app: { a: 'mine' } };
    expect([shapeOf(after.alpha), shapeOf(after.beta), after.conflicts]).toEqual([mine, mine, []]);
  });

  test('makes conflicts of what the first one did not have, and of nothing when it has been quiet', () => {
    const { startUp, events } = begin('successor', [seed, undefined]);
    const synced = cycle(startUp, { ancestor: tree({}), alpha: tree({ a: 'mine' }), beta: tree({}) }, 0);
    const generated = { ...synced, beta: edit(synced.beta, ['a', tree('its own')]) };
    expect(cycle(startUp, generated, 5000)).toMatchObject({ conflicts: ['a'], alpha: synced.alpha });
    expect(events.isOver).toBe(false);
    // It wrote at 5000; ten seconds later it counts as started.
    expect(startUp.isUnderWay(14_999)).toBe(true);
    expect(startUp.isUnderWay(15_000)).toBe(false);
    expect(events.isOver).toBe(true);
    const edited = cycle(startUp, { ...synced, beta: edit(synced.beta, ['a', tree('theirs')]) }, 15_000);
    expect([shapeOf(edited.alpha), edited.conflicts]).toEqual([{ a: 'theirs' }, []]);
  });

  test('has not begun to start again where its stream breaks, or its part in the sync changes', () => {
    const memory = new SyncMemory();
    const first = begin('successor', [seed, undefined], memory.startUpTimes('one'));
    const world = cycle(first.startUp, { ancestor: tree({}), alpha: tree({}), beta: tree({}) }, 0);
    const { startUp } = begin('successor', [seed, undefined], memory.startUpTimes('one'));
    cycle(startUp, world, 9000);
    expect([startUp.isUnderWay(9999), startUp.isUnderWay(10_000)]).toEqual([true, false]);
    // Another container has.
    const other = begin('successor', [seed, undefined], memory.startUpTimes('two'));
    cycle(other.startUp, world, 9000);
    expect(other.startUp.isUnderWay(18_999)).toBe(true);
  });

  test('has started after a minute, however busy it is', () => {
    const { startUp } = begin('successor', [seed, undefined]);
    let world = cycle(startUp, { ancestor: tree({}), alpha: tree({}), beta: tree({}) }, 0);
    for (let now = 0; now < 60_000; now += 5000) {
      expect(startUp.isUnderWay(now)).toBe(true);
      world = cycle(startUp, { ...world, beta: edit(world.beta, ['log', tree(`${now}`)]) }, now);
    }
    expect(startUp.isUnderWay(60_000)).toBe(false);
  });

  test('on a volume, goes on where the last one was, but for what it writes itself', () => {
    const { startUp } = begin('resumed', [seed, undefined]);
    const agreed = tree({ app: { a: 'mine', b: '1' }, log: '1' });
    // The last one went on to write, and the new one has written its first file already.
    const left = tree({ app: { a: '1', b: '1' }, log: '2' });
    const first = cycle(startUp, { ancestor: agreed, alpha: agreed, beta: left }, 0);
    const expected = { app: { a: 'mine', b: '1' }, log: '2' };
    expect([shapeOf(first.alpha), shapeOf(first.beta)]).toEqual([expected, expected]);
    const seeded = cycle(startUp, { ...first, beta: edit(first.beta, ['app/a', tree('1')]) }, 3000);
    expect([shapeOf(seeded.alpha), shapeOf(seeded.beta)]).toEqual([expected, expected]);
  });

  test('on a volume that it empties, or puts something else on, takes nothing away here', () => {
    const { startUp } = begin('resumed', [tree({ seed: '1' }), undefined]);
    const agreed = tree({ app: { a: 'mine' }, lib: { b: 'mine' }, top: 'mine', seed: '1', gone: 'mine' });
    const local = edit(agreed, ['gone', undefined]);
    const left = tree({ lib: 'a file now', seed: '1' });
    const first = cycle(startUp, { ancestor: agreed, alpha: local, beta: left }, 0);
    expect(shapeOf(first.alpha)).toEqual(shapeOf(local));
    expect(shapeOf(first.beta)).toEqual({ app: { a: 'mine' }, lib: 'a file now', top: 'mine', seed: '1' });
    expect(first.conflicts).toEqual(['lib']);
  });

  test('is compared with what the first one wrote itself while it started up', () => {
    const first = begin('first', [tree({}), undefined]);
    const world = cycle(
      first.startUp,
      { ancestor: undefined, alpha: tree({ mine: '1' }), beta: tree({}) },
      0,
    );
    cycle(first.startUp, { ...world, beta: edit(world.beta, ['a', tree('seed')]) }, 4000);
    expect(shapeOf(first.events.written)).toEqual({ a: 'seed' });
  });
});

test('whatever a successor writes, in whatever order: no file here is touched, and in the end it has them all', () => {
  const some = fc.array(fc.nat({ max: 20 }), { maxLength: 8 });
  const steps = fc.array(fc.record({ some, noise: fc.array(edits, { maxLength: 2 }) }), { maxLength: 5 });
  fc.assert(
    fc.property(folders, folders, steps, (manifest, local, steps) => {
      const { startUp } = begin('successor', [manifest, undefined]);
      const seed = [...walk(manifest)].slice(1);
      const write = (root: MaybeEntry, entries: typeof seed) =>
        edit(root, ...entries.map(([path, entry]) => [path, bare(entry as Tracked)] as const));
      const container = tree({});
      let world: World = {
        ancestor: successorAncestor([manifest], container),
        alpha: local,
        beta: container,
      };
      let now = 0;
      const look = () => {
        world = cycle(startUp, world, ++now);
        for (const [path, entry] of walk(local))
          if (entry.kind !== 'directory') expect([path, lookup(world.alpha, path)]).toEqual([path, entry]);
      };
      look();
      for (const { some, noise } of steps) {
        // Half a file, or something else in its place, at a path that the first one had.
        const known = noise.filter(({ path }) => lookup(manifest, path) !== undefined);
        world.beta = edit(world.beta, ...known.map(({ path, entry }) => [path, entry] as const));
        look();
        world.beta = write(
          world.beta,
          some.flatMap((index) => seed.slice(index, index + 1)),
        );
        look();
      }
      world.beta = write(world.beta, seed);
      look();
      // It has started.
      now += 60_000;
      look();
      look();
      look();
      const last = reconcile(world.ancestor, world.alpha, world.beta, { mode: 'two-way-safe' });
      if (last.conflicts.length === 0) expect(leavesOf(world.beta)).toEqual(leavesOf(world.alpha));
    }),
    { numRuns: runsOf(1000) },
  );
});

const bare = (entry: Tracked): Tracked =>
  entry.kind === 'directory' ? { ...entry, children: new Map() } : entry;

describe('a container whose program is held back', () => {
  const gate = { holds: (id: string) => id === 'held' };

  test('begins to start when the program goes on, however long the first sync took', () => {
    const memory = new SyncMemory();
    memory.holdBack(gate, 0);
    const { startUp, events } = begin(
      'successor',
      [tree({ a: '1' }), undefined],
      memory.startUpTimes('held'),
    );
    startUp.ancestorFor(tree({ a: '1' }), tree({}), 0);
    startUp.reconciled();
    expect([startUp.isUnderWay(59_000), startUp.isUnderWay(61_000)]).toEqual([true, true]);
    memory.holdBack(undefined, 61_000);
    expect(startUp.isUnderWay(70_000)).toBe(true);
    // What the program writes at its start is no edit.
    const written = edit(tree({ a: 'mine' }), ['a', tree('1')]);
    expect(shapeOf(startUp.ancestorFor(written, tree({ a: 'mine' }), 70_000))).toEqual({ a: '1' });
    expect([startUp.isUnderWay(70_999), startUp.isUnderWay(71_000), events.isOver]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('is another one than the next container, and than one that was never held', () => {
    const memory = new SyncMemory();
    memory.holdBack(gate, 0);
    expect([memory.isHeld('held'), memory.isHeld('other')]).toEqual([true, false]);
    expect(memory.startUpTimes('other')).toMatchObject({ began: undefined, isHeld: false });
    memory.holdBack(undefined, 5);
    expect(memory.startUpTimes('other')).toEqual({ began: undefined, changed: 0, isHeld: false });
    expect(memory.isHeld('held')).toBe(false);
  });
});
