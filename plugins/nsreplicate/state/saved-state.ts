/** What outlives a run of a task. */
import { isJson, type Json } from '../../../src/json.ts';
import {
  count,
  isCount,
  isText,
  map,
  mapOf,
  mapped,
  maps,
  present,
  said,
  text,
  texts,
} from '../../../src/json-fields.ts';
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

/**
 * What an earlier run saved, of this schema or an earlier one, which had other names; blank where there was none, and where
 * it is of another type. What stops deletions stays what it is, however it is written.
 */
export function savedStateOf(value: unknown): SavedState {
  const data = map(value);
  const { primary, marker, sites, map: places } = data;
  return {
    primary: said(primary),
    formerPrimaries: texts(data.formerPrimaries),
    versions: mapOf(data.versions, isText),
    clusters: mapOf(data.clusters ?? sites, isText),
    covered: mapped(data.covered, (namespaces) =>
      Array.isArray(namespaces) ? texts(namespaces) : undefined,
    ),
    ...(isJson(places) ? { map: mapOf(places, isText) } : {}),
    former: texts(data.former),
    approval: text(data.approval),
    sequence: count(data.sequence ?? marker),
    brakes: mapped(data.brakes, (brake) => (isJson(brake) ? brakeOf(brake) : undefined)),
    done: mapped(data.done, (done) => (isJson(done) ? mapOf(done, isCount) : undefined)),
  };
}

const brakeOf = ({ deletions, stopped, approved }: Json): BrakeState => ({
  deletions: maps(deletions).map((one) => ({
    at: count(one.at),
    namespace: text(one.namespace),
    count: count(one.count),
  })),
  ...present({
    stopped: said(stopped),
    approved: Array.isArray(approved) ? texts(approved) : approved === 'all-found' ? approved : undefined,
  }),
});
