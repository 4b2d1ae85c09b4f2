/** What could take a source's files away, or change them, while its workload is to stand still. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeObject, PodSpec } from '../../../src/kube/api/objects.ts';
import { cronJobs } from '../../../src/kube/api/resources.ts';
import {
  type ClaimRef,
  type ClaimState,
  describeClaim,
  describeMount,
  type NamespaceRef,
} from '../claims/claim.ts';
import { claimNamesOf } from '../claims/volumes-of-pod.ts';
import type { Workload } from '../records/claim-workloads.ts';
import { unseenLine } from './scalers.ts';

/** @throws RefusedError where the claim, or another one of the workload, would be deleted as the pods go. */
export function requireClaimStays(
  { ref, object }: Pick<ClaimState, 'ref' | 'object'>,
  workloads: readonly Workload[],
): void {
  const pod = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Pod');
  if (pod)
    throw new RefusedError(
      `${describeClaim(ref)} belongs to Pod ${pod.name} and is deleted with it: its workload can't be stopped without losing it`,
      { hint: 'copy it without --cutover' },
    );
  const deleting = workloads.find(({ object: { spec } }) => isDeletedAtZero(spec));
  if (!deleting) return;
  const { name } = deleting;
  const keep = `'{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}}'`;
  throw new RefusedError(
    `StatefulSet ${name} deletes its claims when it is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled: Delete)`,
    {
      hint: `kubectl --context ${ref.kube.cluster.context} -n ${ref.namespace} patch statefulset/${name} --type merge -p ${keep}`,
    },
  );
}

/**
 * A workload that is paused, or rolls out to some of its pods only, starts pods of an older template, or none.
 *
 * @throws RefusedError where one of those that are to start, perhaps with another claim, would not do it as a whole.
 */
export function requireStartable(
  { kube, namespace }: NamespaceRef,
  workloads: readonly Workload[],
  isRepointed: boolean,
): void {
  const kubectl = `kubectl --context ${kube.cluster.context} -n ${namespace}`;
  for (const { kind, name, object } of workloads) {
    const { paused = false, updateStrategy } = object.spec;
    if (kind === 'Deployment' && paused)
      throw new RefusedError(
        `Deployment ${name} is paused (spec.paused), and would not start with its template of now: nothing was stopped`,
        {
          hint: `${kubectl} rollout resume deployment/${name} first, which rolls out what was changed since it was paused`,
        },
      );
    const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
    if (kind !== 'StatefulSet' || !isRepointed || partition === 0) continue;
    const whole = `'{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`;
    throw new RefusedError(
      `StatefulSet ${name} keeps pods below ${partition} at its old template (updateStrategy.rollingUpdate.partition): they would mount the old claim, so nothing was stopped`,
      { hint: `${kubectl} patch statefulset/${name} --type merge -p ${whole}` },
    );
  }
}

/**
 * @throws RefusedError where a pod may write to the source's files by another claim: stopping the workloads of this one
 *   does not keep it from that.
 */
export function requireUnshared({ ref, mountsElsewhere = [] }: ClaimState, allowMounted: boolean): void {
  const writers = mountsElsewhere.filter(
    ({ task, mover, mayWrite }) => (task === undefined || mover) && mayWrite,
  );
  if (writers.length === 0 || allowMounted) return;
  throw new RefusedError(
    `source claim ${describeClaim(ref)} is in use by pod ${writers.map(describeMount).join(', ')}: a cutover stops only what mounts the claim itself`,
    { hint: 'nothing was stopped by this; scale its workload down first, or copy without --cutover' },
  );
}

function isDeletedAtZero(spec: Workload['object']['spec']): boolean {
  const { volumeClaimTemplates = [], persistentVolumeClaimRetentionPolicy: policy } = spec;
  return policy?.whenScaled === 'Delete' && volumeClaimTemplates.length > 0;
}

interface CronJob extends KubeObject {
  spec: {
    suspend?: boolean;
    jobTemplate: { spec: { template: { spec?: Pick<PodSpec, 'volumes'> } } };
  };
}

/** A line on each that has no pod with the claim now, and may have one at any moment. */
export async function usersToBe(
  ref: ClaimRef,
  idle: readonly Workload[],
  signal: AbortSignal,
): Promise<string[]> {
  const claim = describeClaim(ref);
  const all = await listCronJobs(ref, signal);
  const scheduled = (all ?? []).filter(
    ({ spec: { suspend, jobTemplate } }) =>
      suspend !== true && claimNamesOf(jobTemplate.spec.template.spec).includes(ref.claim),
  );
  return [
    ...(all ? [] : [unseenLine('CronJobs', ref.namespace)]),
    ...scheduled.map(
      ({ metadata: { name } }) =>
        `CronJob ${name} mounts ${claim} and may start a pod meanwhile: suspend it (kubectl --context ${ref.kube.cluster.context} -n ${ref.namespace} patch cronjob/${name} -p '{"spec":{"suspend":true}}'), and give it the other claim`,
    ),
    ...idle.map(
      ({ kind, name }) => `${kind} ${name} mounts ${claim} too, has no pods now, and is left as it is`,
    ),
  ];
}

/** Undefined where they may not be listed. */
async function listCronJobs(
  { kube, namespace }: ClaimRef,
  signal: AbortSignal,
): Promise<CronJob[] | undefined> {
  try {
    return (await kube.list(cronJobs, { namespace, signal })).items as CronJob[];
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (isNotFound(error)) return [];
    throw error;
  }
}
