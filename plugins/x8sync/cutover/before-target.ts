/**
 * What refuses a cutover whatever its target claim is: asked before that claim is made, so that a refusal leaves nothing
 * behind.
 */
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import { type ClaimRef, type ClaimState, findClaim } from '../claims/claim.ts';
import { checkSource } from '../claims/claim-checks.ts';
import type { Then } from '../records/cutover-state.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import { clustersOf, notMade, readNow } from './claims.ts';
import { claimsFor } from './earlier.ts';
import { planCutover } from './plan.ts';
import { requireUnshared } from './precautions.ts';

/**
 * Plans a cutover to a claim that is missing; says nothing of what it finds, which the cutover tells itself once the claim
 * is there. Where the claim is there already, nothing is asked.
 *
 * @throws RefusedError, ForbiddenError as the cutover itself.
 */
export async function requirePlannable(
  request: CopyRequest,
  afterwards: Then,
  context: CopyContext,
): Promise<void> {
  const { source, target, allowMounted, snapshot, confirmed, again = false } = request;
  const { signal } = context;
  if (await findClaim(target, signal)) return;
  await requireNoneLeft(request, context);
  const from = await readNow(source, signal);
  checkSource(from, snapshot !== undefined);
  requireUnshared(from, allowMounted);
  const [here, there] = await clustersOf(source, target, signal);
  const areTogether = here === there && source.namespace === target.namespace;
  const claims = { source: from, target: toBeMade(from, target), areTogether };
  const silent = { info: () => {}, warn: () => {} };
  await planCutover(claims, afterwards, { signal, reporter: silent }, { confirmed, again });
}

/** @throws RefusedError where an earlier cutover to a claim of this name has not ended: a claim made anew is another one. */
async function requireNoneLeft(request: CopyRequest, context: CopyContext): Promise<void> {
  try {
    await claimsFor(request, () => '', context);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const toBeMade = ({ object }: ClaimState, ref: ClaimRef): ClaimState => ({
  ref,
  uid: notMade,
  object: { ...object, metadata: { name: ref.claim, namespace: ref.namespace } },
  bound: false,
  volume: undefined,
  mounts: [],
  node: undefined,
});
