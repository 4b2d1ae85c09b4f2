/** Leaves a schedule at the target once a first copy has shown that it works, and changes the times of one. */
import { allEnded } from '../../../src/async/lazy.ts';
import type { CronJob } from '../../../src/kube/api/objects.ts';
import {
  cronJobs,
  jobs,
  networkPolicies,
  roleBindings,
  roles,
  serviceAccounts,
} from '../../../src/kube/api/resources.ts';
import { bindRole } from '../../../src/kube/cluster/role-binding.ts';
import { gateEnv } from '../mover/gate/options.ts';
import { type EnsureOptions, ensure, optionally, remove } from '../objects/ensure.ts';
import type { Gate } from '../objects/manifests/pods.ts';
import { gateAccount, gateRole, gateRoleBinding, targetCronJob } from '../objects/manifests/schedule.ts';
import { targetNetworkPolicy } from '../objects/manifests/target.ts';
import { timetableAnnotations } from '../objects/timetable.ts';
import type { Timetable } from '../schedule/interval.ts';
import { moverAnnotations } from './pods/mover-job.ts';
import { type MoverJobPlan, targetPodPlan } from './pods/mover-pod.ts';
import { removeWorkers } from './pods/workers.ts';
import { type Wishes, wishesAnnotation, wishesText } from './request/wishes.ts';

export interface SchedulePlan extends MoverJobPlan {
  readonly timetable: Timetable;
  /** Pods of others may have the target claim mounted: then nothing is asked before a copy. */
  readonly allowMounted: boolean;
  /** What else the person asked for. */
  readonly wishes: Wishes;
}

/** A copy that nobody watches gives up soon: the next one follows. */
const connectSeconds = 120;

/**
 * Makes the CronJob in the place of the first copy's Job. That one is gone before: no mover of a schedule begins beside
 * another.
 *
 * @throws RefusedError, ForbiddenError where something of it can't be made.
 */
export async function leaveSchedule(plan: SchedulePlan, options: EnsureOptions): Promise<CronJob> {
  const { side, timetable, wishes } = plan;
  const { kube } = side;
  const first = await kube.find(jobs, side.meta, { signal: options.signal });
  if (first) await remove(kube, jobs, first, options);
  await removeWorkers(side, options);
  const gate = plan.allowMounted ? undefined : await makeGate(plan, options);
  // The gate asks the API server, also where no network leads to the source.
  if (plan.mountedSource && gate)
    await optionally(ensure(kube, networkPolicies, targetNetworkPolicy(side), options));
  // Nobody is there to make further pods, and later copies find most files there.
  const each = { ...plan, pods: undefined, gate, isScheduled: true, connectSeconds, lingerSeconds: 0 };
  const group = plan.fsGroup === undefined ? undefined : { group: plan.fsGroup, chown: false };
  const pods = moverAnnotations(plan);
  const cronJob = {
    ...pods,
    ...timetableAnnotations(timetable),
    [wishesAnnotation]: wishesText(wishes),
  };
  const wanted = targetCronJob(side, targetPodPlan(each, side.name, group), timetable, { cronJob, pods });
  return ensure(kube, cronJobs, wanted, options);
}

/** What the gate needs to be able to ask. */
async function makeGate(plan: SchedulePlan, options: EnsureOptions): Promise<Gate> {
  const { side, claim, nonce, task, mode } = plan;
  const { kube, namespace } = side;
  const given = plan.options?.serviceAccount;
  const serviceAccount = given ?? side.name;
  const bound = async () => {
    await ensure(kube, roles, gateRole(side), options);
    const binding = gateRoleBinding(side, serviceAccount);
    await bindRole(() => ensure(kube, roleBindings, binding, options), options);
  };
  await allEnded([
    bound(),
    ...(given === undefined ? [ensure(kube, serviceAccounts, gateAccount(side), options)] : []),
  ]);
  const env = gateEnv({ nonce, task, mode, namespace, claim: claim.ref.claim });
  return { env, serviceAccount };
}
