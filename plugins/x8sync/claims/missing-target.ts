/** A target claim that does not exist: what to do about that, which is another matter for a source. */
import { ApiError, isNotFound } from '../../../src/kube/api/api-error.ts';
import { isMissingNamespace } from '../../../src/kube/cluster/namespace.ts';
import { type ClaimRef, type ClaimState, readClaim } from './claim.ts';

/**
 * Reads a claim that is to be written to.
 *
 * @throws as {@link readClaim}; where the claim is missing, with the flag that makes it.
 */
export async function readTarget(ref: ClaimRef, cluster: string, signal: AbortSignal): Promise<ClaimState> {
  try {
    return await readClaim(ref, cluster, signal);
  } catch (error) {
    throw await withHint(error, ref, signal);
  }
}

async function withHint(
  error: unknown,
  { kube, namespace }: ClaimRef,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof ApiError) || !isNotFound(error) || error.hint !== undefined) return error;
  const isMissing = await isMissingNamespace(kube, namespace, signal).catch(() => false);
  signal.throwIfAborted();
  const hint = isMissing
    ? `${kube.cluster.context} has no namespace ${namespace}: make it, and a copy with --create-target makes the claim`
    : "a copy with --create-target makes this claim, in the source's likeness";
  const { code, status, message, details } = error;
  return new ApiError(code, status, message, { hint, details, cause: error });
}
