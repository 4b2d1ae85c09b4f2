/** Starts the target's side: one Job whose pod fetches the files, or takes up the one that runs already. */

import { metCondition } from '../../../../src/kube/api/conditions.ts';
import type { Job, KubeObject, PodSpec } from '../../../../src/kube/api/objects.ts';
import { jobs, networkPolicies } from '../../../../src/kube/api/resources.ts';
import { refusalIn } from '../../../../src/kube/cluster/refusal.ts';
import type { MoverJob } from '../../monitor/mover-watch.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import {
  checkOurs,
  createOrFind,
  type EnsureOptions,
  ensure,
  optionally,
  remove,
} from '../../objects/ensure.ts';
import type { GroupAccess } from '../../objects/manifests/pod-security.ts';
import { targetJob, targetNetworkPolicy } from '../../objects/manifests/target.ts';
import type { TaskSide } from '../../objects/sides.ts';
import {
  mayGoOn,
  moverWishes,
  unmetWishes,
  wishesAnnotation,
  wishesIn,
  wishesText,
} from '../request/wishes.ts';
import { groupAccess } from './group-access.ts';
import { type MoverJobPlan, targetPodPlan } from './mover-pod.ts';
import { nonceAnnotations, nonceIn, removeWorkers } from './workers.ts';

const keysAnnotation = 'x8s.dev/keys';
/** Of a mover that has the source mounted. */
const noKeys = 'mounted';
/** Of what dials: the addresses that its pods know from their start. */
export const addressesAnnotation = 'x8s.dev/addresses';

/**
 * Makes the Job, or takes up the one that an interrupted run of this task left, if it goes on or has ended
 * well. One that failed, that has other keys, that works otherwise than is wished now, or that never began with
 * another image, is deleted with its pod and awaited: never two writers.
 */
export async function startMoverJob(plan: MoverJobPlan, options: EnsureOptions): Promise<MoverJob> {
  const { side } = plan;
  const notes = plan.mountedSource
    ? []
    : await optionally(
        ensure(side.kube, networkPolicies, targetNetworkPolicy(side, plan.isTunnelled), options),
      );
  const { nonce, addresses } = plan;
  const keys = keysText(plan);
  const annotations = moverAnnotations(plan);
  let unmet: string[] = [];
  /** One that works, otherwise than is wished now. */
  let working: Job | undefined;
  const willDo = (present: Job) => {
    working = undefined;
    if (plan.fresh || !usable(present, keys)) return false;
    const hasEnded = present.status?.completionTime !== undefined;
    const [before, now] = [wishesIn(present), moverWishes(plan)];
    unmet = unmetWishes(before, now, hasEnded);
    if (!hasEnded && hasBegun(present) && mayGoOn(before, now)) working = present;
    return unmet.length === 0 && (hasBegun(present) || imageOf(present) === plan.image);
  };
  const group = await groupOf(plan, willDo, options);
  const job = targetJob(side, targetPodPlan(plan, side.name, group), annotations);
  for (;;) {
    const made = await createOrFind(side.kube, jobs, job, willDo, options).catch((error: unknown) => {
      const answer = refusalIn(error);
      // A quota that the working one fills, for example: ended, it could not be made anew.
      if (!answer || !working) throw error;
      return { working, answer };
    });
    if (made === 'gone') continue;
    if ('working' in made)
      return { ...takenUp(made.working, notes), told: [keptNotice(unmet, made.answer.message)] };
    if ('present' in made) await removeMover(side, made.present, options);
    else
      return made.created
        ? {
            job: made.object,
            nonce,
            takenUp: false,
            isMounted: plan.mountedSource !== undefined,
            addresses,
            notes,
            told: unmet.length === 0 ? [] : [replacedNotice(unmet)],
          }
        : { ...takenUp(made.object, notes), told: imageNotice(made.object, plan) };
  }
}

/** Whether others may write to the target while it is copied to, for whoever looks at the end of a copy later. */
const usersAnnotation = 'x8s.dev/target-users';

/** Whether nobody else was to write to the target of a Job's mover; false also where an older version made it. */
export const refusesUsers = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[usersAnnotation] === 'refused';

/** What a Job says of its mover. */
export const moverAnnotations = (plan: MoverJobPlan): Record<string, string> => ({
  ...nonceAnnotations(plan.nonce),
  [keysAnnotation]: keysText(plan),
  [addressesAnnotation]: plan.addresses.join(' '),
  [wishesAnnotation]: wishesText(moverWishes(plan)),
  [usersAnnotation]: plan.allowMounted || readsOnly(plan.mode) ? 'allowed' : 'refused',
});

/** Whether the movers of a Job, or of a CronJob's, mount both claims. */
export const isMounted = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[keysAnnotation] === noKeys;

/** Whether a mover of an earlier run copies over the network, or has done so: it is taken up, and not replaced. */
export async function copiesOverNetwork(side: TaskSide, signal: AbortSignal): Promise<boolean> {
  const present = await side.kube.find(jobs, side.meta, { signal });
  const keys = present?.metadata.annotations?.[keysAnnotation];
  return present !== undefined && keys !== undefined && keys !== noKeys && usable(present, keys);
}

const replacedNotice = (unmet: readonly string[]) =>
  `The mover of an earlier run was given other options, and is replaced (${unmet.join(', ')}); what it has copied stays.`;

const keptNotice = (unmet: readonly string[], why: string) =>
  `The mover of an earlier run goes on with its own options (${unmet.join(', ')} is not done): another one is not admitted now: ${why}`;

/** The image of a mover that works is no reason to end it; that the one given is not used has to be said. */
function imageNotice(job: Job, { image }: MoverJobPlan): string[] {
  const own = imageOf(job);
  if (own === image || job.status?.completionTime !== undefined) return [];
  return [`The mover of an earlier run goes on, with its own image (${own}): ${image} is for the next one.`];
}

/** The group that a new mover gets; one that is there to be taken up has it. A dry run writes nothing. */
async function groupOf(
  plan: MoverJobPlan,
  willDo: (present: Job) => boolean,
  options: EnsureOptions,
): Promise<GroupAccess | undefined> {
  const { side, fsGroup, privileges, mode } = plan;
  if (fsGroup === undefined || privileges !== 'user' || readsOnly(mode)) return undefined;
  const present = await side.kube.find(jobs, side.meta, { signal: options.signal });
  if (present && willDo(present)) return undefined;
  // Its pod may still hold the volume.
  if (present) await removeOurs(side, present, options);
  return groupAccess(side, targetPodPlan(plan, side.name), fsGroup, options);
}

async function removeOurs(side: TaskSide, present: Job, options: EnsureOptions): Promise<void> {
  checkOurs(side.kube, jobs, present, { metadata: side.meta });
  await removeMover(side, present, options);
}

/** Its workers first, which write to the target as it does. */
async function removeMover(side: TaskSide, present: Job, options: EnsureOptions): Promise<void> {
  await removeWorkers(side, options);
  await remove(side.kube, jobs, present, options);
}

/** A Job of an earlier run, as it is found. */
export function takenUp(job: Job, notes: readonly string[]): MoverJob {
  const endedAt = job.status?.completionTime;
  const nonce = nonceIn(job);
  return {
    job,
    nonce,
    takenUp: true,
    endedAt,
    isMounted: isMounted(job),
    addresses: addressesIn(job),
    notes,
  };
}

/** The addresses that the pods of a workload know from their start. */
export function addressesIn({ metadata }: KubeObject): string[] {
  const text = metadata.annotations?.[addressesAnnotation] ?? '';
  return text.split(' ').filter((address) => address !== '');
}

function keysText({ keys }: Pick<MoverJobPlan, 'keys'>): string {
  if (!keys) return noKeys;
  return [keys.client, keys.host, keys.tunnel].filter((one) => one !== undefined).join(' ');
}

function usable(job: Job, keys: string): boolean {
  const { metadata } = job;
  const failed = metCondition(job, ['Failed', 'FailureTarget']);
  return !failed && !metadata.deletionTimestamp && metadata.annotations?.[keysAnnotation] === keys;
}

/** One that has not may wait for an image that can't be pulled, which is why this run names another. */
export function hasBegun({ status }: Job): boolean {
  return (status?.ready ?? 0) > 0 || (status?.succeeded ?? 0) > 0 || status?.completionTime !== undefined;
}

function imageOf({ spec }: Job): string | undefined {
  const { spec: pod } = spec.template as { spec?: PodSpec };
  return pod?.containers[0]?.image as string | undefined;
}
