/** Whether what was started runs as it is to: ready pods of the template of now, with the claim that they are to mount. */
import { RefusedError } from '../../../src/errors.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import { claimNamesOf } from '../claims/volumes-of-pod.ts';
import { mounts, volumesOf, type WorkloadObject } from '../records/claim-workloads.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import { lookLine, podsOf } from './workloads.ts';

/**
 * Whether all pods that it is to have are ready, as far as its status tells: fewer than the recorded ones where an
 * autoscaler has decided so since. Pods of an older template are none of them; which template a StatefulSet gives to which
 * pod is a matter of its own strategy, and only the pods tell.
 */
export function isReady(
  object: WorkloadObject | undefined,
  { kind, replicas: recorded }: Pick<ScaledWorkload, 'kind' | 'replicas'>,
): boolean {
  const wanted = object?.spec?.replicas ?? recorded;
  if (wanted === 0 && recorded > 0) return false;
  const replicas = Math.min(recorded, wanted);
  const {
    observedGeneration = 0,
    readyReplicas = 0,
    updatedReplicas = 0,
    replicas: all = 0,
  } = object?.status ?? {};
  if (observedGeneration < (object?.metadata.generation ?? 0) || readyReplicas < replicas) return false;
  return kind === 'StatefulSet' || (updatedReplicas >= replicas && updatedReplicas === all);
}

/**
 * Whether a workload that was told to start has come up, with that claim.
 *
 * @throws RefusedError where it can't come up so any more: somebody has changed it meanwhile.
 */
export function hasStarted(
  object: WorkloadObject | undefined,
  workload: ScaledWorkload,
  { kube, namespace, claim }: ClaimRef,
): boolean {
  const title = `${workload.kind} ${workload.name}`;
  if (object?.metadata.uid !== workload.uid)
    throw new RefusedError(`${title} is gone, or was made anew`, {
      details: [lookLine({ kube, namespace }, workload)],
      hint: 'the line above shows what has that name now: see whether it is to run, and what it has written',
    });
  if (!mounts(object, claim))
    throw new RefusedError(
      `the template of ${title} does not mount ${claim} any more: somebody else has changed it`,
      {
        details: [`${lookLine({ kube, namespace }, workload)} -o yaml --show-managed-fields`],
        hint: `find out who (a GitOps controller; the line above shows it), and pause it; see what was written to ${claim} meanwhile before the same command is run again: it may copy anew`,
      },
    );
  if (object.spec.replicas === 0 && workload.replicas > 0)
    throw new RefusedError(`${title} was scaled to 0 by somebody else while it was to start`, {
      details: [`${lookLine({ kube, namespace }, workload)} -o yaml --show-managed-fields`],
      hint: 'find out who (a GitOps controller that has 0 in its repository, an autoscaler), pause that or give it the number there, and run the same command again',
    });
  if (isReady(object, workload)) return true;
  if (object.spec.paused === true)
    throw new RefusedError(
      `${title} was paused meanwhile (spec.paused): pods of its new template do not come`,
      {
        hint: `kubectl --context ${kube.cluster.context} -n ${namespace} rollout resume ${workload.kind.toLowerCase()}/${workload.name}, and the same command again`,
      },
    );
  return false;
}

/** @throws RefusedError where a pod of the workload does not mount the claim that its template names. */
export async function requireMounted(
  ref: ClaimRef,
  workload: ScaledWorkload,
  object: WorkloadObject,
  signal: AbortSignal,
): Promise<void> {
  // Each pod has another of the claims that a StatefulSet makes.
  if (!volumesOf(object).includes(ref.claim)) return;
  const { kube, namespace } = ref;
  const { items } = await kube.list(pods, { namespace, signal });
  const others = (await podsOf(ref, workload, items, signal)).filter(
    ({ spec }) => !claimNamesOf(spec).includes(ref.claim),
  );
  if (others.length === 0) return;
  const names = others.map(({ metadata }) => metadata.name).join(', ');
  throw new RefusedError(
    `pod ${names} of ${workload.kind} ${workload.name} does not mount ${describeClaim(ref)}, which its template names`,
    {
      details: [
        `kubectl --context ${kube.cluster.context} -n ${namespace} delete pod ${names.replaceAll(',', '')}`,
      ],
      hint: 'they run with an older template (updateStrategy OnDelete, a partition): the line above ends them, so that they come with the new one; then run the same command again',
    },
  );
}
