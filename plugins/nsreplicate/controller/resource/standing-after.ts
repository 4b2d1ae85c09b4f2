/** How a resource stands after its work failed. Pure. */
import {
  ForbiddenError,
  messageOf,
  RefusedError,
  UnreachableError,
  UsageError,
  X8sError,
} from '../../../../src/errors.ts';
import { isForbidden } from '../../../../src/kube/api/api-error.ts';
import type { Standing } from './conditions.ts';
import { deletionPolicyAnnotation } from './deletion.ts';
import { Refusal } from './refusal.ts';

/**
 * What lets a resource go whose copies can't be deleted first: in a namespace that is being deleted its Secret, and the
 * rights that were given there, are gone for good.
 */
const letsGo = `its copies can't be deleted before it; annotation ${deletionPolicyAnnotation}: keep lets it go without them`;

/** @param isLeaving it is being deleted, and its copies before it */
export function standingAfter(error: unknown, isLeaving: boolean): Standing {
  const message = messageOf(error);
  const hint = isLeaving ? letsGo : error instanceof X8sError ? error.hint : undefined;
  const hinted = hint ? `${message} (${hint})` : message;
  const plain = isLeaving ? hinted : message;
  if (error instanceof Refusal) return { is: 'refused', reason: error.reason, message: hinted };
  // What the engine refuses once it has seen both sides is the rules' fault.
  if (error instanceof UsageError) return { is: 'refused', reason: 'InvalidRule', message: hinted };
  if (isForbidden(error) || error instanceof ForbiddenError)
    return { is: 'failed', reason: 'Forbidden', message: plain };
  if (error instanceof RefusedError) return { is: 'failed', reason: 'Refused', message: hinted };
  if (error instanceof UnreachableError) return { is: 'failed', reason: 'Unreachable', message: plain };
  return {
    is: 'failed',
    reason: 'Failed',
    message: error instanceof X8sError ? plain : 'a defect; see the log',
  };
}
