/** A copy whose target claim is made first, where that is wished: the claim stays, whatever becomes of the copy. */
import { RefusedError } from '../../../../src/errors.ts';
import { type ClaimRef, describeClaim } from '../../claims/claim.ts';
import { createTarget, type TargetWishes } from '../../claims/create-target.ts';
import type { CopyContext } from '../../run/request/request.ts';

type Pair = Readonly<Record<'source' | 'target', ClaimRef>>;

/**
 * Makes the target claim where that is wished and it is missing, and copies.
 *
 * @param copy is told whether the claim is there as large as the source's by this run and by nobody's wish: so it may grow.
 * @throws as the copy; a refusal says that the claim was made, since nothing else was done.
 */
export async function withTarget<T>(
  pair: Pair,
  wishes: TargetWishes | undefined,
  context: Pick<CopyContext, 'reporter' | 'signal'>,
  copy: (targetIsMade: boolean) => Promise<T>,
): Promise<T> {
  const isMade = wishes !== undefined && (await makeTarget(pair, wishes, context));
  try {
    return await copy(isMade && wishes.size === undefined);
  } catch (error) {
    if (!isMade || !(error instanceof RefusedError)) throw error;
    const { withDetails } = await import('../../run/results/failure-evidence.ts');
    throw withDetails(
      error,
      [`claim ${describeClaim(pair.target)} was made before that, and stays`],
      undefined,
    );
  }
}

/** @returns whether it was missing. */
async function makeTarget(
  { source, target }: Pair,
  wishes: TargetWishes,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<boolean> {
  const made = await createTarget(source, target, wishes, signal);
  if (!made) return false;
  const { storageClassName, resources } = made.claim.spec;
  const size = resources?.requests?.storage ?? '';
  reporter.info(
    `Claim ${describeClaim(target)} is made: ${[size, storageClassName].filter(Boolean).join(', ')}`,
  );
  if (made.leftOut.length > 0)
    reporter.info(
      `It does not bear the labels by which a controller would take it for its own, and may delete it: ${made.leftOut.join(', ')}`,
    );
  return true;
}
