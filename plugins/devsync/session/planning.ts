/** What is to be done, from what both sides are: the same for a sync that runs and for `plan`. */
import { type Brake, brakesFor, isCovered } from '../reconcile/brakes.ts';
import type { Maybe } from '../reconcile/entry.ts';
import { type Mode, type Plan, type ReconcileOptions, reconcile } from '../reconcile/reconcile.ts';
import { isGitDirectory } from '../sync/names.ts';
import type { Place, Sides } from './state.ts';

/** What both sides are, and what they last agreed on. */
export interface Trees extends Readonly<Record<Place, Maybe>> {
  readonly ancestor: Maybe;
}

export interface PlanRules extends Pick<ReconcileOptions, 'memo' | 'resolution'> {
  readonly mode: Mode;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: Place;
  /** Let `.git` come from the container. */
  readonly takeGit: boolean;
}

/** Which side of the reconciliation each place is. */
export const sidesFrom = (from: Place): Sides =>
  from === 'local' ? { local: 'alpha', container: 'beta' } : { local: 'beta', container: 'alpha' };

export function planFor(trees: Trees, { takeGit, from, ...rules }: PlanRules): Plan {
  const { alpha, beta } = bySide(trees, sidesFrom(from));
  const oneWay = takeGit || from === 'container' ? {} : { oneWay: isGitDirectory };
  return reconcile(trees.ancestor, alpha, beta, { ...rules, ...oneWay });
}

/** What a person is to be asked about first. @param limits bytes that each side's trash may hold. */
export function brakeOn(
  plan: Plan,
  trees: Trees,
  limits: Readonly<Record<Place, number>>,
  sides: Sides,
  confirmed: readonly Brake[] = [],
): Brake | undefined {
  const { alpha, beta } = bySide(trees, sides);
  for (const brake of brakesFor(trees.ancestor, alpha, beta, plan, bySide(limits, sides)))
    if (!confirmed.some((seen) => isCovered(brake, seen))) return brake;
  return undefined;
}

function bySide<T>({ local, container }: Readonly<Record<Place, T>>, sides: Sides): { alpha: T; beta: T } {
  return sides.local === 'alpha' ? { alpha: local, beta: container } : { alpha: container, beta: local };
}
