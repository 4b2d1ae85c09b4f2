/** What a cutover will write, asked of the API server in a dry run: a policy says no by then, and not when all stands still. */
import { RefusedError } from '../../../src/errors.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import type { ClaimRef } from '../claims/claim.ts';
import { type CutoverState, describeWorkload, type ScaledWorkload } from '../records/cutover-state.ts';
import type { CutoverId } from '../records/stop-mark.ts';
import { type Claims, stoppedForOf } from './claims.ts';
import { stop } from './stop.ts';
import { patching, repoint } from './switch.ts';
import { scale } from './workloads.ts';

/** @throws RefusedError where a workload could not be stopped, started, or given the other claim, with the policy's words. */
export async function rehearse(
  { source, target }: Claims,
  { afterwards, ...state }: Pick<CutoverState, 'afterwards' | 'source' | 'target'>,
  id: CutoverId,
  signal: AbortSignal,
): Promise<void> {
  const dry = { dryRun: true, signal };
  const stoppedFor = await stoppedForOf(target.ref, id, signal);
  for (const workload of state.source) {
    const stopped = () => stop(source.ref, workload, stoppedFor, dry);
    await asked(source.ref, workload, 'be stopped', stopped, signal);
    if (afterwards !== 'repoint') continue;
    const { claim } = target.ref;
    await asked(
      source.ref,
      workload,
      `be given claim ${claim}`,
      () => repoint(source.ref, claim, [workload], dry),
      signal,
    );
  }
  for (const workload of state.target) {
    const { kube, namespace } = target.ref;
    const start = () => scale(kube, namespace, workload, workload.replicas, dry);
    await asked(target.ref, workload, 'be started', start, signal);
  }
}

async function asked(
  { kube, namespace }: ClaimRef,
  workload: ScaledWorkload,
  what: string,
  attempt: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await unlessRefused(kube, patching(workload, namespace), attempt(), { signal });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const { message, details, hint } = error;
    throw new RefusedError(
      `${describeWorkload(workload)} can't ${what}, so nothing was stopped: ${message}`,
      { details, hint, cause: error },
    );
  }
}
