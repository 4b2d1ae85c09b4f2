/**
 * The brake on deletions: too many within ten minutes stop all further ones, also across restarts, until a
 * person approves. Pure: its state is a value that is kept with the task. What was approved is not measured (`approved.ts`).
 */
import type { SavedApproval } from './approved.ts';

export interface BrakeLimits {
  /** Objects a replica within the window. */
  readonly objects: number;
  /** Percent of what a namespace of the replica has of ours. */
  readonly percent: number;
  /** So many a namespace are always allowed: half of four objects is no catastrophe. */
  readonly floor: number;
  readonly windowMs: number;
}

export const defaultLimits: BrakeLimits = { objects: 100, percent: 50, floor: 10, windowMs: 600_000 };

/** Deletions of one minute in one namespace. */
export interface Deletions {
  /** Wall time, milliseconds: it has to mean something after a restart. */
  readonly at: number;
  readonly namespace: string;
  readonly count: number;
}

export interface BrakeState {
  readonly deletions: readonly Deletions[];
  /** Why deletions stand still; undefined while they may go on. */
  readonly stopped?: string | undefined;
  /** What a person has approved; earlier versions kept a number here, under another name. */
  readonly approved?: SavedApproval | undefined;
}

/** Nothing is stopped, and whatever comes is counted from nothing. */
export const released: BrakeState = { deletions: [] };

export interface DeletionRequest {
  readonly namespace: string;
  /** How many are known to be wanted now. */
  readonly count: number;
  /** Copies of ours in that namespace before the first of them goes. */
  readonly copies: number;
}

/**
 * Whether these deletions may be done, and the state after. A request that would pass a limit stops the brake
 * before its first deletion, so what is known at once to be too much is not begun.
 */
export function brake(
  state: BrakeState,
  { namespace, count, copies }: DeletionRequest,
  now: number,
  limits: BrakeLimits = defaultLimits,
): { allowed: boolean; state: BrakeState } {
  if (state.stopped !== undefined) return { allowed: false, state };
  // Another machine's clock may be ahead of this one: what it counted was not later than now.
  const recent = state.deletions
    .map((entry) => (entry.at > now ? { ...entry, at: now } : entry))
    .filter(({ at }) => now - at < limits.windowMs);
  const inNamespace = sum(recent.filter((entry) => entry.namespace === namespace));
  const share = Math.max(limits.floor, Math.floor(((copies + inNamespace) * limits.percent) / 100));
  const stopped = tooMany(sum(recent) + count, inNamespace + count, share, namespace, limits);
  if (stopped) return { allowed: false, state: { deletions: recent, stopped } };
  return { allowed: true, state: { deletions: added(recent, namespace, count, now) } };
}

/** Deletions that were allowed and counted did not happen: the replica refused them. */
export function takeBack(state: BrakeState, namespace: string, count = 1): BrakeState {
  const counted = state.deletions.findLast((entry) => entry.namespace === namespace);
  if (!counted) return state;
  const deletions = state.deletions.map((entry) =>
    entry === counted ? { ...entry, count: entry.count - count } : entry,
  );
  return { ...state, deletions: deletions.filter(({ count }) => count > 0) };
}

/** Stops the brake for another reason: the primary is another cluster, or lost what it had. */
export const stop = (state: BrakeState, reason: string): BrakeState =>
  state.stopped === undefined ? { ...state, stopped: reason } : state;

const sum = (entries: readonly Deletions[]): number => entries.reduce((total, { count }) => total + count, 0);

function tooMany(
  total: number,
  inNamespace: number,
  share: number,
  namespace: string,
  { objects, percent, windowMs }: BrakeLimits,
): string | undefined {
  const minutes = `${Math.round(windowMs / 60_000)} minutes`;
  if (total > objects) return `${total} deletions within ${minutes} (at most ${objects})`;
  if (inNamespace > share)
    return `${inNamespace} deletions ${namespace === '' ? 'of cluster-scoped objects and of what goes with them' : `in namespace ${namespace}`} within ${minutes} (at most ${share}: ${percent} %)`;
  return undefined;
}

/** Counts by minute and namespace, so that the state stays small however much is deleted. */
function added(recent: readonly Deletions[], namespace: string, count: number, now: number): Deletions[] {
  const minute = (time: number) => Math.floor(time / 60_000);
  const found = recent.find((entry) => entry.namespace === namespace && minute(entry.at) === minute(now));
  if (!found) return [...recent, { at: now, namespace, count }];
  return recent.map((entry) => (entry === found ? { ...entry, at: now, count: entry.count + count } : entry));
}
