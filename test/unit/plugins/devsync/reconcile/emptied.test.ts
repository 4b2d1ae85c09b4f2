/** A root that was emptied, whatever is remembered of it. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { brakesFor } from '../../../../../plugins/devsync/reconcile/brakes.ts';
import { type MaybeEntry, measure, trackedPart } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { modes, reconcile } from '../../../../../plugins/devsync/reconcile/reconcile.ts';
import { startingAncestor, successorAncestor } from '../../../../../plugins/devsync/reconcile/successor.ts';
import { folders, leavesOf, roughFolders, tree } from '../support/trees.ts';

const runs = { numRuns: 1000 };
const emptied = fc.constantFrom(tree({}), tree({ '.x8s-devsync': '!' }), tree({ build: { out: '!' } }));
const limits = { alpha: 1e9, beta: 1e9 };

const brakesOf = (ancestor: MaybeEntry, alpha: MaybeEntry, beta: MaybeEntry) =>
  modes.map(
    (mode) => [...brakesFor(ancestor, alpha, beta, reconcile(ancestor, alpha, beta, { mode }), limits)][0],
  );

test('is held in every mode where anything was agreed on and the other side has anything', () => {
  fc.assert(
    fc.property(roughFolders, roughFolders, emptied, (known, other, empty) => {
      const ancestor = trackedPart(known);
      fc.pre(leavesOf(ancestor).length > 0 && leavesOf(other).length > 0);
      const all = (side: 'alpha' | 'beta') => modes.map(() => ({ kind: 'root emptied', side }));
      expect(brakesOf(ancestor, empty, other)).toEqual(all('alpha'));
      expect(brakesOf(ancestor, other, empty)).toEqual(all('beta'));
    }),
    runs,
  );
});

test('is held before a new container loses anything to it, however little of its image is known', () => {
  fc.assert(
    fc.property(
      folders,
      folders,
      folders,
      emptied,
      fc.boolean(),
      (manifest, before, container, empty, goesOn) => {
        const ancestor = goesOn
          ? startingAncestor(before, [manifest], container, true)
          : successorAncestor([manifest], container);
        for (const mode of ['two-way-safe', 'two-way-resolved', 'one-way-safe'] as const) {
          const plan = reconcile(ancestor, empty, container, { mode });
          const lost = plan.beta.some(({ old, new: to }) => measure(old).files > measure(to).files);
          const [brake] = brakesFor(ancestor, empty, container, plan, limits);
          if (lost) expect([mode, brake]).toEqual([mode, { kind: 'root emptied', side: 'alpha' }]);
        }
      },
    ),
    runs,
  );
});
