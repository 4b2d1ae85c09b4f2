/** What digests alone can't tell: the replica is asked what an apply would make of an object. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { undefinedIfNotServed } from '../clusters/failure.ts';
import type { Assessment, Made } from '../decide/assess.ts';
import { fieldDriftOf } from '../decide/field-drift.ts';
import { assessPart, comparePart, type PartDifference } from '../decide/part.ts';
import { fieldManager } from '../decide/spec.ts';
import { type Copy, liveDigest } from '../objects/copy.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';
import { applyCopy } from '../reconcile/apply.ts';
import type { Survey, SurveyedReplica } from './survey.ts';

/**
 * What becomes of an object, once its replica was asked where digests tell only that it is not what was applied: that
 * may be what the replica makes of it. Of that no more is remembered than there is room for, and nothing where the
 * task's state was deleted.
 */
export async function assessByAsking(
  survey: Survey,
  replica: SurveyedReplica,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<Assessment> {
  const assessment = replica.assessor.assess(key);
  if (assessment.outcome === 'compare') return (await partOf(survey, replica, key, signal)).assessment;
  if (assessment.outcome === 'same' && survey.primaryCache.original(key)?.statusDigest) {
    const { difference } = await partOf(survey, replica, key, signal);
    return difference.status ? { outcome: 'update', why: 'status', force: false } : assessment;
  }
  if (!isUnclear(assessment)) return assessment;
  const made = await madeOf(survey, replica, key, signal);
  return made ? replica.assessor.assess(key, made) : assessment;
}

/** An object of which a rule carries fields or the status, beside what is carried. */
export interface ComparedPart {
  readonly object: KubeObject | undefined;
  readonly copy: Copy | undefined;
  readonly difference: PartDifference;
  readonly assessment: Assessment;
}

/** Reads such an object, which nothing is remembered of, and compares it. */
export async function partOf(
  { primaryCache, places }: Survey,
  { cluster, assessor, shaping }: SurveyedReplica,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<ComparedPart> {
  const [kind, rule] = [primaryCache.kind(placeOf(key).kind), primaryCache.original(key)?.rule];
  const copy = await primaryCache.copy(key, { name: cluster.name, cluster: cluster.id }, signal);
  primaryCache.release(key, cluster.name);
  const nothing = { main: false, status: false };
  if (!kind || !rule || !copy)
    return { object: undefined, copy, difference: nothing, assessment: { outcome: 'gone' } };
  const found = cluster.kube.find(kind.resource, places.onReplica(key), { signal });
  const object = await found.catch(undefinedIfNotServed);
  const hasStatus = kind.resource.subresources.includes('status');
  const difference = comparePart(object, copy, rule, shaping, hasStatus);
  const assessment = assessPart(object, difference, rule, assessor.policy.forceConflicts);
  return { object, copy, difference, assessment };
}

/** Whether an object is not what was applied, and it is not known who made it so. */
const isUnclear = (assessment: Assessment): boolean =>
  assessment.outcome === 'put-right' || (assessment.outcome === 'leave' && assessment.why === 'edited');

/** What others have in an object that is else what the replica makes of it. Undefined where it is not, or may not be asked. */
async function madeOf(
  { primaryCache }: Survey,
  { cluster, replicaCache, shaping, probes }: SurveyedReplica,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<Made | undefined> {
  const [kind, rule] = [primaryCache.kind(placeOf(key).kind), primaryCache.original(key)?.rule];
  const copy = await primaryCache.copy(key, { name: cluster.name, cluster: cluster.id }, signal);
  primaryCache.release(key, cluster.name);
  if (!kind || !rule || !copy?.main) return undefined;
  const { main } = copy;
  try {
    const after = await applyCopy(cluster.kube, kind.resource, main, { force: true, dryRun: true, signal });
    if (liveDigest(after, rule, shaping) !== replicaCache.get(key)?.live) return undefined;
    const { byHand, applied, keys, rest } = fieldDriftOf(main, after, fieldManager, shaping);
    if (byHand.length > 0) return undefined;
    const asked = { resource: kind.resource, main, context: shaping };
    const { lost, kept } = await probes.notTaken(asked, rest, false, { signal });
    if (lost.length + kept.length > 0) return undefined;
    return { foreign: keys.length > 0, othersApply: applied.length > 0 };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
