/** Both sides of a sync in memory, and what they agreed on. */
import { isPhantom, type MaybeEntry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import {
  editsOf,
  type Operation,
  operationsOf,
} from '../../../../../plugins/devsync/reconcile/operations.ts';
import type { Plan } from '../../../../../plugins/devsync/reconcile/reconcile.ts';
import { edited, lookup } from '../../../../../plugins/devsync/reconcile/tree.ts';

/** A file system in memory: does the operations that it is asked to do, unless told to fail. */
function perform(root: MaybeEntry, operations: readonly Operation[], fails: (index: number) => boolean) {
  let now = root;
  const results = operations.map((operation, index) => {
    const { path } = operation;
    const before = lookup(now, path);
    const isFull = before?.kind === 'directory' && before.children.size > 0;
    const parent = path.includes('/') ? lookup(now, path.slice(0, path.lastIndexOf('/'))) : now;
    const expected = operation.old === undefined ? before === undefined : before?.kind === operation.old.kind;
    if (operation.new === undefined && (isPhantom(before) || (isFull && expected)))
      return { path, left: true };
    const impossible = parent?.kind !== 'directory' || !expected || (operation.new === undefined && isFull);
    if (fails(index) || impossible) return { path, problem: 'failed' };
    now = edited(now, [[path, operation.new]]);
    return { path };
  });
  return { now, results };
}

export interface World {
  ancestor: MaybeEntry;
  alpha: MaybeEntry;
  beta: MaybeEntry;
}

export function carryOut(world: World, plan: Plan, fails: (index: number) => boolean = () => false): World {
  const toAlpha = [...operationsOf(plan.alpha)];
  const toBeta = [...operationsOf(plan.beta)];
  const alpha = perform(world.alpha, toAlpha, fails);
  const beta = perform(world.beta, toBeta, (index) => fails(index + toAlpha.length));
  const ancestor = edited(world.ancestor, [
    ...plan.ancestor,
    ...editsOf(toAlpha, alpha.results),
    ...editsOf(toBeta, beta.results),
  ]);
  return { ancestor, alpha: alpha.now, beta: beta.now };
}
