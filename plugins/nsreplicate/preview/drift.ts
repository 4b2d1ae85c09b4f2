/** How far replicas are from the primary, by digests: per replica, namespace and kind. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { type Assessment, driftOf } from '../decide/assess.ts';
import type { DriftState } from '../decide/outcomes.ts';
import { digestOfAll } from '../objects/digest.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';
import { assessByAsking } from './asking.ts';
import { isUnread, type Survey, type SurveyedReplica } from './survey.ts';

export interface DriftLine {
  readonly replica: string;
  readonly namespace: string;
  readonly kind: string;
  /** Objects of the primary that should be there. */
  readonly objects: number;
  readonly missing: number;
  /** Applied from an older version of the original. */
  readonly outdated: number;
  /** Changed on the replica since. */
  readonly edited: number;
  /** Not made by this task. */
  readonly foreign: number;
  /** Copies of this task whose original is gone. */
  readonly extra: number;
  /** Over what should be there, and what is: equal where nothing drifted. */
  readonly wanted: string;
  readonly present: string;
}

interface Group {
  readonly counts: Record<DriftState, number>;
  readonly wanted: [string, string][];
  readonly present: [string, string][];
}

/**
 * Lines for every replica, namespace and kind that has anything; drifted ones are not told apart here. What could not
 * be listed on a replica is in none of them.
 */
export async function drift(survey: Survey, signal: AbortSignal): Promise<DriftLine[]> {
  const sides = survey.replicas.map(async (replica) => {
    const keys = new Set([...survey.primaryCache.keys(), ...replica.replicaCache.keys()]);
    const compared = [...keys].filter((key) => !isUnread(replica, key));
    const assessments = await someAtOnce(
      compared.map((key) => async () => [key, await assessByAsking(survey, replica, key, signal)] as const),
    );
    return driftOfReplica(survey, replica, assessments);
  });
  return (await Promise.all(sides)).flat();
}

export const isDrifted = ({ missing, outdated, edited, foreign, extra }: DriftLine): boolean =>
  missing + outdated + edited + foreign + extra > 0;

function driftOfReplica(
  { primaryCache }: Survey,
  { cluster, replicaCache }: SurveyedReplica,
  assessments: readonly (readonly [ObjectKey, Assessment])[],
): DriftLine[] {
  const groups = new Map<string, Group>();
  const groupOf = (key: ObjectKey): Group => {
    const { namespace, kind } = placeOf(key);
    const found = groups.get(`${namespace}|${kind}`) ?? emptyGroup();
    groups.set(`${namespace}|${kind}`, found);
    return found;
  };
  for (const [key, assessment] of assessments) {
    const present = replicaCache.get(key);
    const state = driftOf(assessment, present);
    if (state === undefined && assessment.outcome !== 'same') continue;
    const { counts, wanted: should, present: is } = groupOf(key);
    const wanted = primaryCache.original(key) && primaryCache.digest(key, cluster.name);
    if (state) counts[state]++;
    if (wanted !== undefined) should.push([key, wanted]);
    if (present) is.push([key, (state === undefined ? wanted : present.live) ?? '']);
  }
  return [...groups]
    .map(([place, group]) => lineOf(cluster.name, place, group))
    .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.kind.localeCompare(b.kind));
}

const emptyGroup = (): Group => ({
  counts: { missing: 0, outdated: 0, edited: 0, foreign: 0, extra: 0 },
  wanted: [],
  present: [],
});

function lineOf(replica: string, place: string, { counts, wanted, present }: Group): DriftLine {
  const [namespace = '', kind = ''] = place.split('|');
  const digests = { wanted: digestOfAll(wanted), present: digestOfAll(present) };
  return { replica, namespace, kind, objects: wanted.length, ...counts, ...digests };
}
