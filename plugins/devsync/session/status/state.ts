/** What a sync tells about itself; plain data, for people and for JSON. */

import { formatPlural } from '../../../../src/ui/format.ts';
import { type Brake, explainBrake, isConfirmable } from '../../reconcile/brakes.ts';
import { childrenOf, join, type MaybeEntry, measure, writtenToProblem } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { AlphaBeta, Conflict, Plan } from '../../reconcile/reconcile.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { leftoversIn } from './leftovers.ts';

export type Side = 'local' | 'container';

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
  readonly side: Side;
  readonly problem: string;
  /** It is tried again right away: a first failure, or what is being written to. */
  readonly passing?: boolean;
}

export interface SyncState {
  readonly phase: Phase;
  /** What it waits for, or why it is held. */
  readonly message: string;
  /** What lets a sync that is held go on, where no confirmation does. */
  readonly heldUntil?: string | undefined;
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

/** What is said of a sync that a person has paused. */
export const pausedByYou = 'paused by you';

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
const maxListed = 1000;

/** Which side is which side of the reconciliation: alpha is the one that wins. */
export type SideRoles = Readonly<Record<Side, AlphaBeta>>;

/** Conflicts in the words of this workstation. */
export function conflictStates(conflicts: readonly Conflict[], roles: SideRoles): ConflictState[] {
  return conflicts.slice(0, maxListed).map((conflict) => ({
    path: conflict.path,
    reason: conflict.reason,
    local: describe(conflict[roles.local]),
    container: describe(conflict[roles.container]),
  }));
}

/** What both sides amount to, and what of them does not sync. */
export function summarize(
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
      ...leftoversIn(local.tree, container.tree).map((path) => ({ path, side: 'local' as const })),
      ...leftoversIn(container.tree, local.tree).map((path) => ({ path, side: 'container' as const })),
    ].slice(0, maxListed),
    degraded: [...polled('this workstation', local), ...polled('the container', container)],
  };
}

/** That a side is polled, and why. */
const polled = (where: string, { degraded }: Pick<Endpoint, 'degraded'>): string[] =>
  degraded === undefined ? [] : [`${where}, as ${degraded}`];

/** Whatever in a tree cannot be synced. What is being written to is looked at again with the next write. */
const problemsIn = (tree: MaybeEntry, side: Side): ProblemState[] =>
  collect(tree, side, 'problems', (entry) => (entry?.kind === 'problem' ? entry.problem : undefined)).map(
    (one) => (one.problem === writtenToProblem ? { ...one, passing: true } : one),
  );

/** Sockets, pipes, devices and other mounts in a tree. */
const skippedIn = (tree: MaybeEntry, side: Side): ProblemState[] =>
  collect(tree, side, 'skipped', (entry) => (entry?.kind === 'untracked' ? entry.what : undefined));

/** What the container has and this workstation does not take, with the reason. */
export const leftOutStates = (items: readonly { path: string; why: string }[]): ProblemState[] =>
  items.slice(0, maxListed).map(({ path, why }) => ({ path, side: 'container', problem: why }));

function collect(
  tree: MaybeEntry,
  side: Side,
  what: 'problems' | 'skipped',
  wordsFor: (entry: MaybeEntry) => string | undefined,
): ProblemState[] {
  const found: ProblemState[] = [];
  const look = (path: string, entry: MaybeEntry): void => {
    if (measure(entry)[what] === 0 || found.length >= maxListed) return;
    const problem = wordsFor(entry);
    if (problem !== undefined) found.push({ path, side, problem });
    for (const [name, child] of childrenOf(entry)) look(join(path, name), child);
  };
  look('', tree);
  return found;
}

/** What could not be done at a side, or was not all that it should be. */
export function problemsOf(results: readonly OperationResult[], side: Side): ProblemState[] {
  return results.flatMap(({ path, problem, surprise }) => {
    if (problem !== undefined) return [{ path, side, problem }];
    return surprise
      ? [{ path, side, problem: 'it was written to while it was replaced; the trash has that version' }]
      : [];
  });
}

/**
 * What is not the same on both sides though a reconciliation has ended, in a few words; empty: nothing. Undefined where
 * some of it is tried again right away. What is written to all the time is no reason to wait.
 */
export function undoneIn({
  message,
  problems,
  conflictCount,
}: Pick<SyncState, 'message' | 'problems' | 'conflictCount'>): string | undefined {
  if (problems.some(({ passing, problem }) => passing && problem !== writtenToProblem)) return undefined;
  const words = [
    ...(problems.length > 0 ? [formatPlural(problems.length, 'problem')] : []),
    ...(conflictCount > 0 ? [formatPlural(conflictCount, 'conflict')] : []),
    ...(message === '' ? [] : [message]),
  ];
  return words.join(', ');
}

/** An entry in a few words. */
export function describe(entry: MaybeEntry): string {
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

/** What lets a brake go, where a confirmation does not. */
export const heldUntil = (brake: Brake): string | undefined =>
  isConfirmable(brake) ? undefined : 'the former directory is back there';

/** What a person can do about a sync that is held. */
export const howToGoOn = ({ heldUntil }: Pick<SyncState, 'heldUntil'>): string =>
  heldUntil === undefined ? 'resume --confirm goes on' : `It goes on by itself when ${heldUntil}`;

/** A brake in the words of this workstation. */
export function brakeMessage(brake: Brake, roles: SideRoles): string {
  const words = { local: 'on this workstation', container: 'in the container' };
  const names =
    roles.local === 'alpha'
      ? { alpha: words.local, beta: words.container }
      : { alpha: words.container, beta: words.local };
  return explainBrake(brake, names);
}

/** One line of what a sync would do. */
export interface PlannedChange {
  readonly path: string;
  readonly to: Side;
  readonly from: string;
  readonly becomes: string;
  readonly reason: string;
}

/** A plan as a list for a person. */
export function plannedChanges(plan: Plan, roles: SideRoles): PlannedChange[] {
  return (['local', 'container'] as const).flatMap((to) =>
    plan[roles[to]].map(({ path, old, new: becomes, reason }) => ({
      path,
      to,
      from: describe(old),
      becomes: describe(becomes),
      reason,
    })),
  );
}
