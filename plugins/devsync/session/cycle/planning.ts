/** Plans what is to be done from both trees and the ancestor: for a sync that runs, and for `plan`. */
import { type Brake, brakesFor, isCovered } from '../../reconcile/brakes.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import {
  type Change,
  isTwoWay,
  type Mode,
  type Plan,
  type ReconcileOptions,
  reconcile,
} from '../../reconcile/reconcile.ts';
import { isRuleFile, isVcsDirectory } from '../../sync/ignore/guarded-names.ts';
import type { Side, SideRoles } from '../status/state.ts';
import { type LeftOut, withoutRepositories } from './no-repositories.ts';

/** What both sides are, and what they last agreed on. */
export interface Trees extends Readonly<Record<Side, MaybeEntry>> {
  readonly ancestor: MaybeEntry;
}

export interface PlanRules extends Pick<ReconcileOptions, 'memo' | 'resolution'> {
  readonly mode: Mode;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: Side;
  /** Let `.git` and other repositories come from the container. */
  readonly takeGit: boolean;
  /** What git ignores is left out: its lists decide what is sent, and a container must not. */
  readonly useGitignore?: boolean;
}

/** Which part each side plays in the reconciliation. */
export const rolesFrom = (from: Side): SideRoles =>
  from === 'local' ? { local: 'alpha', container: 'beta' } : { local: 'beta', container: 'alpha' };

/** A plan, and what of the container it leaves out. */
export interface GuardedPlan extends Plan {
  readonly leftOut: readonly LeftOut[];
}

export function planFor(
  trees: Trees,
  { takeGit, useGitignore = false, from, ...rules }: PlanRules,
): GuardedPlan {
  const roles = rolesFrom(from);
  const { alpha, beta } = bySide(trees, roles);
  const isRule = (name: string) => isTwoWay(rules.mode) && isRuleFile(name, useGitignore);
  const oneWay = (name: string) => isRule(name) || (!takeGit && isVcsDirectory(name));
  const guards = { oneWay, asked: isRule };
  const plan = reconcile(trees.ancestor, alpha, beta, { ...rules, ...(from === 'local' && guards) });
  if (takeGit) return { ...plan, leftOut: [] };
  const { admitted, leftOut } = withoutRepositories(plan[roles.local], trees.local);
  return { ...plan, [roles.local]: admitted, leftOut };
}

/** What decides whether a person is to be asked first. */
export interface BrakeRules {
  /** Bytes that each side's trash may hold. */
  readonly limits: Readonly<Record<Side, number>>;
  /** What a person has seen and let happen. */
  readonly confirmed?: readonly Brake[];
  /** What was carried over to each side just now. */
  readonly recent?: Readonly<Record<Side, readonly Change[]>>;
}

/** What a person is to be asked about first. */
export function brakeOn(
  plan: Plan,
  trees: Trees,
  roles: SideRoles,
  { limits, confirmed = [], recent = { local: [], container: [] } }: BrakeRules,
): Brake | undefined {
  const { alpha, beta } = bySide(trees, roles);
  const of = <T>(each: Readonly<Record<Side, T>>) => bySide(each, roles);
  for (const brake of brakesFor(trees.ancestor, alpha, beta, plan, of(limits), of(recent)))
    if (!confirmed.some((seen) => isCovered(brake, seen))) return brake;
  return undefined;
}

function bySide<T>({ local, container }: Readonly<Record<Side, T>>, roles: SideRoles): { alpha: T; beta: T } {
  return roles.local === 'alpha' ? { alpha: local, beta: container } : { alpha: container, beta: local };
}
