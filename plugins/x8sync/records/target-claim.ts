/** The target claim of a recorded task, looked at once more before its copy is called a good one. */
import type { X8sError } from '../../../src/errors.ts';
import { lostTarget } from '../claims/claim-stands.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { specOf } from './inventory.ts';

/**
 * The error of a copy whose target claim somebody has deleted; undefined where it stands, or can't be looked at.
 *
 * @param side the target's
 * @param filledAt when a copy went well that may have been to a claim which was made anew; see {@link lostTarget}
 */
export async function lostTargetOf(
  { kube, record }: SideRecord,
  signal: AbortSignal,
  filledAt?: string,
): Promise<X8sError | undefined> {
  const { targetClaim = '', targetUid = '' } = specOf(record);
  const [, claim = ''] = targetClaim.split('/');
  const ref = { kube, namespace: record.namespace, claim };
  return lostTarget({ ref, uid: targetUid, filledAt }, signal);
}
