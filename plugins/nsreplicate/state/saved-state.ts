/** What outlives a run of a task. */
import type { Covered } from '../cache/retired.ts';
import type { BrakeState } from '../decide/brake.ts';
import type { Done } from '../decide/result-counts.ts';

/** Kept in the cluster that holds the task's state. */
export interface SavedState {
  /** The primary that the copies were made from; another one stops deletions until a person approves. */
  primary: string | undefined;
  /** Earlier primaries that a person approved. */
  formerPrimaries: string[];
  /** The newest version of each kind that was seen: a primary that falls behind was restored from a backup. */
  versions: Record<string, string>;
  /** Ids of the replicas by name, for when one does not answer at the start. */
  clusters: Record<string, string>;
  /** What runs so far covered, and copies may be left of. */
  covered: Covered;
  /** Where namespaces of the primary were mapped to on the replicas; undefined: earlier runs did not say. */
  map?: Record<string, string> | undefined;
  /** Namespaces of the replicas that none leads to any more, and copies may be left in. */
  former: string[];
  /** The last approval that was heeded. */
  approval: string;
  /** Counts the writes of this state: a primary that shows an older one was restored from a backup. */
  sequence: number;
  /** By replica. */
  brakes: Record<string, BrakeState>;
  /** By replica: what was done there by all runs together. */
  done: Record<string, Done>;
}

export const blankState = (): SavedState => ({
  primary: undefined,
  formerPrimaries: [],
  versions: {},
  clusters: {},
  covered: {},
  former: [],
  approval: '',
  sequence: 0,
  brakes: {},
  done: {},
});

/** As it was written with schema 1. */
interface Earlier {
  readonly marker?: number;
  readonly sites?: Record<string, string>;
}

/** What an earlier run saved, of this schema or an earlier one; blank where there was none. */
export function savedStateOf(data: Partial<SavedState> & Earlier = {}): SavedState {
  const { marker = 0, sites = {}, ...saved } = data;
  return { ...blankState(), sequence: marker, clusters: sites, ...saved };
}
