/** A mover's Job that ended while no end line of its mover arrived. */
import { limited } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import { isMet, metCondition } from '../../../src/kube/api/conditions.ts';
import type { Job } from '../../../src/kube/api/objects.ts';
import { jobs } from '../../../src/kube/api/resources.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import type { TaskSide } from '../objects/sides.ts';

/** A Job is Failed seconds after its pod said why; the end line may still be on its way. */
const failedPatienceMs = 5000;
/** The end line of a Job that is Complete is worth more patience: without it all begins anew. */
const completePatienceMs = 30_000;

export interface AwaitedEnd {
  /** Resolves with the mover's end line. */
  readonly end: Promise<unknown>;
  /** Errors and warnings of the mover. */
  readonly diagnostics: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Resolves once the end line of this Job's mover has arrived, after the Job ended.
 *
 * @throws X8sError where none comes: the mover was killed, evicted or deleted again and again, or its pod was taken
 *   away with its node before anyone had read it.
 */
export async function requireEndLine(
  { kube, namespace }: TaskSide,
  { metadata: { name } }: Job,
  { end, diagnostics, clock, signal }: AwaitedEnd,
): Promise<void> {
  const options = { timeoutMs: 0, signal, what: `Job ${name}` };
  const { why, patienceMs } = await waitFor(kube, jobs, { namespace, name }, endOfJob, options);
  const error = () =>
    new X8sError(
      `the mover's Job ${namespace}/${name} in ${kube.cluster.context} ended without a result: ${why}`,
      { details: diagnostics, hint: 'run the same command again to go on with what is copied so far' },
    );
  await limited(end, patienceMs, error, clock, signal);
}

function endOfJob(job: Job | undefined): { why: string; patienceMs: number } | undefined {
  if (!job) return { why: 'it was deleted', patienceMs: failedPatienceMs };
  const failed = metCondition(job, ['Failed']);
  if (failed)
    return { why: `${failed.reason ?? 'Failed'}: ${failed.message ?? ''}`, patienceMs: failedPatienceMs };
  if (!isMet(job, 'Complete')) return undefined;
  return { why: 'Complete, but what it said is gone', patienceMs: completePatienceMs };
}
