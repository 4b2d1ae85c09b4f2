/** Whether another task's mover writes to a target claim, or may begin to at any moment. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api-error.ts';
import type { Job, PodSpec } from '../../../src/kube/objects.ts';
import { jobs } from '../../../src/kube/resources.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { tool } from '../objects/sides.ts';
import { type ClaimState, describeClaim } from './claim.ts';
import { claimNamesOf } from './volumes-of-pod.ts';

/**
 * Two movers never write to one claim, whatever was allowed for other pods.
 *
 * @throws RefusedError where the mover of another task has it.
 */
export async function checkNoCompetingMover(
  target: ClaimState,
  task: string,
  signal: AbortSignal,
): Promise<void> {
  const mounted = target.mounts.map((mount) => mount.task);
  const movers = [...mounted, ...(await tasksOfJobs(target, signal))];
  const competitor = movers.find((other) => other !== undefined && other !== task);
  if (!competitor) return;
  const { context } = target.ref.kube.cluster;
  throw new RefusedError(`task ${competitor} has a mover on target claim ${describeClaim(target.ref)}`, {
    hint: `go on with it by --name ${competitor}, or end it: kubectl x8sync cleanup ${competitor} --context ${context}`,
  });
}

/** A Job between two pods has nothing mounted, and will have in a moment. */
async function tasksOfJobs(
  { ref: { kube, namespace, claim } }: ClaimState,
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: 'target' });
  try {
    const { items } = await kube.list(jobs, { namespace, labelSelector, signal });
    return items
      .filter((job) => !hasEnded(job) && mounts(job, claim))
      .map(({ metadata }) => metadata.labels?.[Label.task]);
  } catch (error) {
    // Who may list no Jobs may make none either, which is said where it is tried.
    if (isForbidden(error)) return [];
    throw error;
  }
}

function hasEnded({ status }: Job): boolean {
  return (
    status?.conditions?.some(
      ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
    ) ?? false
  );
}

function mounts({ spec }: Job, claim: string): boolean {
  const { spec: pod } = spec.template as { spec?: Pick<PodSpec, 'volumes'> };
  return claimNamesOf(pod).includes(claim);
}
