/**
 * What becomes of an object of which a rule carries fields or the status only. As a rule it is somebody else's; one that
 * was not there, and that the rule carries enough of to make it, is made, marked as ours and pruned like a copy.
 */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { appliesWhole, makesObjects, statusPart } from '../objects/carry.ts';
import { type Copy, liveDigest, type Shaping } from '../objects/copy.ts';
import { digestOf } from '../objects/digest.ts';
import type { Rule } from '../rules/rule.ts';
import type { Assessment } from './assess.ts';

/** Which parts of an object are not as the primary has them. */
export interface PartDifference {
  readonly main: boolean;
  readonly status: boolean;
}

/** @param hasStatus the kind has a status of its own to write to */
export function comparePart(
  object: KubeObject | undefined,
  copy: Copy,
  rule: Rule,
  shaping: Shaping,
  hasStatus: boolean,
): PartDifference {
  // Of whole copies what is remembered tells about all but the status.
  const isPart = copy.main !== undefined && !appliesWhole(rule.carry);
  return {
    main: isPart && (!object || liveDigest(object, rule, shaping) !== copy.digest),
    status: hasStatus && differsInStatus(object, copy, shaping),
  };
}

/** Whether an object has another status than the one that is carried. */
export function differsInStatus(
  object: KubeObject | undefined,
  copy: Pick<Copy, 'status' | 'statusDigest'>,
  { key }: Pick<Shaping, 'key'>,
): boolean {
  if (!copy.status) return false;
  const present = object && statusPart(object, copy.status as KubeObject, { what: 'status' });
  return !present || digestOf(present, key) !== copy.statusDigest;
}

/** What becomes of such an object. */
export function assessPart(
  object: KubeObject | undefined,
  { main, status }: PartDifference,
  rule: Rule,
  force: boolean,
): Assessment {
  if (!object && (!makesObjects(rule.carry) || !main)) return { outcome: 'leave', why: 'not-on-replica' };
  if (!object) return { outcome: 'create', why: 'absent', force: false };
  if (object.metadata.deletionTimestamp !== undefined) return { outcome: 'wait', why: 'terminating' };
  return main || status ? { outcome: 'update', why: 'changed', force } : { outcome: 'same' };
}
