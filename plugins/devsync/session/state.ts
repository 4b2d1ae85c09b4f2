/** What a sync tells about itself; plain data, for people and for JSON. */

import { type Brake, explainBrake } from '../reconcile/brakes.ts';
import { childrenOf, join, type Maybe, measure } from '../reconcile/entry.ts';
import type { Outcome } from '../reconcile/operations.ts';
import type { Conflict, Plan, Side } from '../reconcile/reconcile.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import { leftoversIn } from './leftovers.ts';

export type Place = 'local' | 'container';

/** `held`: a brake stopped it and a person must say what to do. `paused`: a person paused it. */
export type Phase =
  | 'waiting'
  | 'connecting'
  | 'scanning'
  | 'syncing'
  | 'watching'
  | 'held'
  | 'paused'
  | 'stopped';

export interface ConflictState {
  readonly path: string;
  readonly reason: string;
  readonly local: string;
  readonly container: string;
}

export interface ProblemState {
  readonly path: string;
  readonly place: Place;
  readonly problem: string;
  /** It is tried again right away, for the first time. */
  readonly passing?: boolean;
}

export interface SyncState {
  readonly phase: Phase;
  /** What it waits for, or why it is held. */
  readonly message: string;
  readonly files: number;
  readonly bytes: number;
  /** Operations done since it began. */
  readonly sent: number;
  readonly received: number;
  /** The first thousand. */
  readonly conflicts: readonly ConflictState[];
  /** How many there are, those that are not listed included. */
  readonly conflictCount: number;
  readonly problems: readonly ProblemState[];
  /** What is left alone though no rule ignores it, with what it is as the problem. */
  readonly skipped: readonly ProblemState[];
  /** Directories that one side alone has, with nothing but ignored files in them: what stays where one was deleted. */
  readonly leftovers: readonly Omit<ProblemState, 'problem'>[];
  /** ISO time of the last change that was carried over. */
  readonly lastChange: string | undefined;
  /** Why a side polls. */
  readonly degraded: readonly string[];
}

export const noState: SyncState = {
  phase: 'waiting',
  message: '',
  files: 0,
  bytes: 0,
  sent: 0,
  received: 0,
  conflicts: [],
  conflictCount: 0,
  problems: [],
  skipped: [],
  leftovers: [],
  lastChange: undefined,
  degraded: [],
};

/** Conflicts, or problems, that are listed at most. */
const most = 1000;

/** Which place is which side of the reconciliation: alpha is the one that wins. */
export type Sides = Readonly<Record<Place, Side>>;

/** Conflicts in the words of this workstation. */
export function conflictStates(conflicts: readonly Conflict[], sides: Sides): ConflictState[] {
  return conflicts.slice(0, most).map((conflict) => ({
    path: conflict.path,
    reason: conflict.reason,
    local: describe(conflict[sides.local]),
    container: describe(conflict[sides.container]),
  }));
}

/** What both sides amount to, and what of them does not sync. */
export function standing(
  local: Pick<Endpoint, 'tree' | 'degraded'>,
  container: Pick<Endpoint, 'tree' | 'degraded'>,
): Pick<SyncState, 'files' | 'bytes' | 'problems' | 'skipped' | 'leftovers' | 'degraded'> {
  const { files, bytes } = measure(local.tree);
  return {
    files,
    bytes,
    problems: [...problemsIn(local.tree, 'local'), ...problemsIn(container.tree, 'container')],
    skipped: [...skippedIn(local.tree, 'local'), ...skippedIn(container.tree, 'container')],
    leftovers: [
      ...leftoversIn(local.tree, container.tree).map((path) => ({ path, place: 'local' as const })),
      ...leftoversIn(container.tree, local.tree).map((path) => ({ path, place: 'container' as const })),
    ].slice(0, most),
    degraded: [local.degraded, container.degraded].filter((one) => one !== undefined),
  };
}

/** Whatever in a tree cannot be synced. */
const problemsIn = (tree: Maybe, place: Place): ProblemState[] =>
  found(tree, place, 'problems', (entry) => (entry?.kind === 'problem' ? entry.problem : undefined));

/** Sockets, pipes, devices and other mounts in a tree. */
const skippedIn = (tree: Maybe, place: Place): ProblemState[] =>
  found(tree, place, 'skipped', (entry) => (entry?.kind === 'untracked' ? entry.what : undefined));

function found(
  tree: Maybe,
  place: Place,
  what: 'problems' | 'skipped',
  wordsFor: (entry: Maybe) => string | undefined,
): ProblemState[] {
  const found: ProblemState[] = [];
  const look = (path: string, entry: Maybe): void => {
    if (measure(entry)[what] === 0 || found.length >= most) return;
    const problem = wordsFor(entry);
    if (problem !== undefined) found.push({ path, place, problem });
    for (const [name, child] of childrenOf(entry)) look(join(path, name), child);
  };
  look('', tree);
  return found;
}

/** What could not be done at a place, or was not all that it should be. */
export function problemsOf(outcomes: readonly Outcome[], place: Place): ProblemState[] {
  return outcomes.flatMap(({ path, problem, surprise }) => {
    if (problem !== undefined) return [{ path, place, problem }];
    return surprise
      ? [{ path, place, problem: 'it was written to while it was replaced; the trash has that version' }]
      : [];
  });
}

/** An entry in a few words. */
export function describe(entry: Maybe): string {
  switch (entry?.kind) {
    case undefined:
      return 'nothing';
    case 'directory':
      return `a directory with ${measure(entry).files} files${modeWords(entry.mode)}`;
    case 'file':
      return `a file of ${entry.size} bytes (${entry.digest.slice(0, 8)})${modeWords(entry.mode, entry.executable)}`;
    case 'symlink':
      return `a link to ${entry.target}`;
    case 'untracked':
      return 'something ignored';
    case 'problem':
      return entry.problem;
  }
}

/** What two of the same content may differ in. */
function modeWords(mode: number | undefined, isExecutable = false): string {
  if (mode !== undefined) return `, mode ${mode.toString(8).padStart(4, '0')}`;
  return isExecutable ? ', executable' : '';
}

/** A brake in the words of this workstation. */
export function brakeMessage(brake: Brake, sides: Sides): string {
  const words = { local: 'on this workstation', container: 'in the container' };
  const names =
    sides.local === 'alpha'
      ? { alpha: words.local, beta: words.container }
      : { alpha: words.container, beta: words.local };
  return explainBrake(brake, names);
}

/** One line of what a sync would do. */
export interface PlannedChange {
  readonly path: string;
  readonly to: Place;
  readonly from: string;
  readonly becomes: string;
  readonly reason: string;
}

/** A plan as a list for a person. */
export function plannedChanges(plan: Plan, sides: Sides): PlannedChange[] {
  return (['local', 'container'] as const).flatMap((to) =>
    plan[sides[to]].map(({ path, old, new: becomes, reason }) => ({
      path,
      to,
      from: describe(old),
      becomes: describe(becomes),
      reason,
    })),
  );
}
