/** Random histories: whatever happens on both sides, nothing is lost, and it comes to rest. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Entry,
  type MaybeEntry,
  sameDeep,
  sameShallow,
  trackedPart,
  walk,
} from '../../../../../plugins/devsync/reconcile/entry.ts';
import {
  type Mode,
  modes,
  type Plan,
  reconcile,
} from '../../../../../plugins/devsync/reconcile/reconcile.ts';
import { SettledMemo } from '../../../../../plugins/devsync/reconcile/settled-memo.ts';
import { successorAncestor } from '../../../../../plugins/devsync/reconcile/successor.ts';
import {
  difference,
  edited,
  lookup,
  withKnownPermissions,
} from '../../../../../plugins/devsync/reconcile/tree.ts';
import { runsOf } from '../../../../support/thoroughness.ts';
import { edits, folders, foldersWithIgnored, leavesOf, roughFolders, shapeOf } from '../support/trees.ts';
import { carryOut, type World } from '../support/world.ts';

const mode = fc.constantFrom<Mode>(...modes);
const runs = { numRuns: runsOf(2000) };

const contents = (tree: MaybeEntry) =>
  new Set([...walk(tree)].flatMap(([, entry]) => (entry.kind === 'file' ? [entry.digest] : [])));

/** Contents with their paths that a side made itself since both agreed. */
function ownWork(ancestor: MaybeEntry, side: MaybeEntry): string[] {
  return [...walk(side)].flatMap(([path, entry]) => {
    const before = lookup(ancestor, path);
    return entry.kind === 'file' && !(before?.kind === 'file' && before.digest === entry.digest)
      ? [entry.digest]
      : [];
  });
}

/** The tree as a file system without an executable bit shows it. */
const withoutModes = (tree: MaybeEntry): MaybeEntry =>
  edited(
    undefined,
    withKnownPermissions(
      [...walk(tree)].map(([path, entry]) => [
        path,
        entry.kind === 'directory' ? { ...entry, children: new Map() } : entry,
      ]),
      false,
    ),
  );

/** Whether there is nothing at a path, nor anything that might stand for it. */
function isGoneFrom(tree: MaybeEntry, path: string): boolean {
  if (lookup(tree, path) !== undefined) return false;
  const parts = path.split('/');
  const above = parts.map((_, count) => lookup(tree, parts.slice(0, count).join('/')));
  return above.every((entry) => entry === undefined || entry.kind === 'directory');
}

/** Whether a conflict is about a path, or about a directory above it. */
const isInConflict = ({ conflicts }: Plan, path: string) =>
  conflicts.some((one) => one.path === path || one.path === '' || path.startsWith(`${one.path}/`));

const twoWay = fc.constantFrom<Mode>('two-way-safe', 'two-way-resolved');

describe('reconcile, for all trees', () => {
  test('a plan carried out leaves nothing to do', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, mode, (ancestor, alpha, beta, mode) => {
        const base = { ancestor: trackedPart(ancestor), alpha, beta };
        const after = carryOut(base, reconcile(base.ancestor, alpha, beta, { mode }));
        // Leftovers of ignored files take a second look to be forgotten.
        const settled = carryOut(after, reconcile(after.ancestor, after.alpha, after.beta, { mode }));
        const again = reconcile(settled.ancestor, settled.alpha, settled.beta, { mode });
        expect({ alpha: again.alpha, beta: again.beta, ancestor: again.ancestor }).toEqual({
          alpha: [],
          beta: [],
          ancestor: [],
        });
      }),
      runs,
    );
  });

  test('without conflicts, both sides end up equal', () => {
    fc.assert(
      fc.property(folders, folders, folders, mode, (ancestor, alpha, beta, mode) => {
        const plan = reconcile(ancestor, alpha, beta, { mode });
        const after = carryOut({ ancestor, alpha, beta }, plan);
        if (mode === 'one-way-safe' || plan.conflicts.length > 0) return;
        expect(shapeOf(after.alpha)).toEqual(shapeOf(after.beta));
        expect(shapeOf(after.ancestor)).toEqual(shapeOf(after.beta));
      }),
      runs,
    );
  });

  test('a side whose file system knows no executable bit changes none on the other one, nor is it a conflict', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, mode, (ancestor, alpha, beta, mode) => {
        const base = { ancestor: trackedPart(ancestor), alpha: withoutModes(alpha), beta };
        const plan = reconcile(base.ancestor, base.alpha, beta, { mode });
        for (const { path: top, old, new: wanted } of plan.beta)
          for (const [path, entry] of walk(wanted, top)) {
            if (entry.kind !== 'file') continue;
            const before = [lookup(base.ancestor, path), lookup(beta, path)].find(
              (one) => one?.kind === 'file',
            );
            expect([path, entry.executable]).toEqual([path, before?.kind === 'file' && before.executable]);
            const replaced = top === path ? old : undefined;
            expect(replaced?.kind === 'file' && replaced.digest).not.toBe(entry.digest);
          }
        for (const { alpha, beta } of plan.conflicts)
          if (alpha?.kind === 'file' && beta?.kind === 'file') expect(alpha.digest).not.toBe(beta.digest);
      }),
      runs,
    );
  });

  test('and it comes to rest with one, though nothing tells there what was agreed on', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, mode, (ancestor, alpha, beta, mode) => {
        let world = { ancestor: trackedPart(ancestor), alpha: withoutModes(alpha), beta } as World;
        const next = () => reconcile(world.ancestor, world.alpha, world.beta, { mode });
        for (let round = 0; round < 3; round++) {
          const { alpha: done, ...others } = carryOut(world, next());
          world = { ...others, alpha: withoutModes(done) };
        }
        const { alpha: toAlpha, beta: toBeta, ancestor: learnt } = next();
        expect({ toAlpha, toBeta, learnt }).toEqual({ toAlpha: [], toBeta: [], learnt: [] });
      }),
      runs,
    );
  });

  test('two-way-safe never loses what a side made', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, (ancestor, alpha, beta) => {
        const base = { ancestor: trackedPart(ancestor), alpha, beta };
        const after = carryOut(base, reconcile(base.ancestor, alpha, beta, { mode: 'two-way-safe' }));
        const left = new Set([...contents(after.alpha), ...contents(after.beta)]);
        for (const digest of [...ownWork(base.ancestor, alpha), ...ownWork(base.ancestor, beta)])
          expect(left).toContain(digest);
      }),
      runs,
    );
  });

  test('an edit beats the deletion of its file, and of the directories above it, of nothing else', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, twoWay, (ancestor, alpha, beta, mode) => {
        const base = { ancestor: trackedPart(ancestor), alpha, beta };
        const plan = reconcile(base.ancestor, alpha, beta, { mode });
        const after = carryOut(base, plan);
        for (const [path, was] of walk(base.ancestor))
          for (const [here, there] of [
            ['alpha', 'beta'],
            ['beta', 'alpha'],
          ] as const) {
            const isGone = isGoneFrom(base[here], path) && sameShallow(was, lookup(base[there], path));
            if (was.kind === 'directory' || !isGone || isInConflict(plan, path)) continue;
            // Deleted on one side, as it was on the other one: it is nowhere.
            expect([path, lookup(after.alpha, path), lookup(after.beta, path)]).toEqual([
              path,
              undefined,
              undefined,
            ]);
          }
      }),
      runs,
    );
  });

  test('operations that fail undo nothing: what only one side did comes to the other one in the end', () => {
    const failing = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        foldersWithIgnored,
        fc.array(edits, { maxLength: 4 }),
        failing,
        twoWay,
        (start, work, fails, mode) => {
          const agreed = trackedPart(start);
          const alpha = edited(
            agreed,
            work.map((e) => [e.path, e.entry] as const),
          );
          let world: World = { ancestor: agreed, alpha, beta: start };
          const round = (failing: (index: number) => boolean) => {
            const plan = reconcile(world.ancestor, world.alpha, world.beta, { mode });
            expect(plan.alpha).toEqual([]);
            world = carryOut(world, plan, failing);
          };
          round((index) => fails[index % fails.length] === true);
          // What was in the way of a deletion may be another thing by now, and that is no conflict.
          round((index) => fails[(index + 1) % fails.length] === true);
          for (let quiet = 0; quiet < 3; quiet++) round(() => false);
          const plan = reconcile(world.ancestor, world.alpha, world.beta, { mode });
          if (plan.conflicts.every(({ reason }) => reason !== 'in the way'))
            expect([plan.conflicts, leavesOf(world.beta)]).toEqual([[], leavesOf(alpha)]);
        },
      ),
      runs,
    );
  });

  test('one-way-safe leaves nothing in the target that it did not make or change', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, (ancestor, alpha, beta) => {
        const base = { ancestor: trackedPart(ancestor), alpha, beta };
        const plan = reconcile(base.ancestor, alpha, beta, { mode: 'one-way-safe' });
        const after = carryOut(base, plan);
        for (const [path, was] of walk(base.ancestor))
          if (was.kind !== 'directory' && isGoneFrom(alpha, path) && sameShallow(was, lookup(beta, path)))
            if (!isInConflict(plan, path))
              expect([path, lookup(after.beta, path)]).toEqual([path, undefined]);
      }),
      runs,
    );
  });

  test('one-way modes never touch the source', () => {
    fc.assert(
      fc.property(
        roughFolders,
        roughFolders,
        roughFolders,
        fc.constantFrom<Mode>('one-way-safe', 'one-way-replica'),
        (ancestor, alpha, beta, mode) => {
          expect(reconcile(trackedPart(ancestor), alpha, beta, { mode }).alpha).toEqual([]);
        },
      ),
      runs,
    );
  });

  test('two-way-safe does not care which side is which', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, roughFolders, (ancestor, alpha, beta) => {
        const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path).sort();
        const [one, other] = [
          reconcile(trackedPart(ancestor), alpha, beta, { mode: 'two-way-safe' }),
          reconcile(trackedPart(ancestor), beta, alpha, { mode: 'two-way-safe' }),
        ];
        expect([paths(one.alpha), paths(one.beta), paths(one.conflicts)]).toEqual([
          paths(other.beta),
          paths(other.alpha),
          paths(other.conflicts),
        ]);
      }),
      runs,
    );
  });

  test('a long history with operations that fail, and one memo, comes to rest', () => {
    const step = fc.record({
      alpha: fc.array(edits, { maxLength: 3 }),
      beta: fc.array(edits, { maxLength: 3 }),
      failing: fc.nat({ max: 7 }),
    });
    fc.assert(
      fc.property(folders, fc.array(step, { maxLength: 8 }), (start, steps) => {
        const memo = new SettledMemo();
        const options = { mode: 'two-way-safe', memo } as const;
        let world: World = {
          ancestor: undefined,
          alpha: start,
          beta: { kind: 'directory', children: new Map<string, Entry>() },
        };
        for (const { alpha, beta, failing } of steps) {
          world = {
            ancestor: world.ancestor,
            alpha: edited(
              world.alpha,
              alpha.map((e) => [e.path, e.entry] as const),
            ),
            beta: edited(
              world.beta,
              beta.map((e) => [e.path, e.entry] as const),
            ),
          };
          const made = [...ownWork(world.ancestor, world.alpha), ...ownWork(world.ancestor, world.beta)];
          const plan = reconcile(world.ancestor, world.alpha, world.beta, options);
          world = carryOut(world, plan, (index) => index % (failing + 1) === failing);
          const left = new Set([...contents(world.alpha), ...contents(world.beta)]);
          for (const digest of made) expect(left).toContain(digest);
        }
        for (let quiet = 0; quiet < 2; quiet++)
          world = carryOut(world, reconcile(world.ancestor, world.alpha, world.beta, options));
        const last = reconcile(world.ancestor, world.alpha, world.beta, options);
        const withoutMemo = reconcile(world.ancestor, world.alpha, world.beta, { mode: 'two-way-safe' });
        expect(last).toEqual(withoutMemo);
        expect([last.alpha, last.beta, last.ancestor]).toEqual([[], [], []]);
        if (last.conflicts.length === 0) expect(shapeOf(world.alpha)).toEqual(shapeOf(world.beta));
      }),
      runs,
    );
  });

  test('the difference of two trees turns one into the other', () => {
    fc.assert(
      fc.property(roughFolders, roughFolders, (from, to) => {
        expect(shapeOf(edited(from, difference(from, to)))).toEqual(shapeOf(to));
      }),
      runs,
    );
  });
});

describe('a successor', () => {
  test('takes the local state where it is as the image made it, and conflicts elsewhere', () => {
    fc.assert(
      fc.property(folders, folders, folders, (manifest, container, local) => {
        const ancestor = successorAncestor([manifest], container);
        const plan = reconcile(ancestor, local, container, { mode: 'two-way-safe' });
        const after = carryOut({ ancestor, alpha: local, beta: container }, plan);
        // No local file is changed or deleted by a container that has just begun.
        for (const [path, entry] of walk(local))
          if (entry.kind === 'file') expect(lookup(after.alpha, path)).toEqual(entry);
        if (sameDeep(manifest, container)) expect(plan.conflicts).toEqual([]);
      }),
      runs,
    );
  });
});
