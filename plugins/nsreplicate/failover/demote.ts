/** What has to be true before an old primary becomes a standby. */
import { ForbiddenError, RefusedError } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { chooseKinds } from '../clusters/kinds.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { checkTaskRights, type Sides } from '../preflight/check-rights.ts';
import { demotionRights } from '../preflight/failover-rights.ts';
import { isElsewhere, rightsOf } from '../preflight/rights.ts';
import { type Epoch, raiseEpoch, readEpoch } from '../state/epoch.ts';

/**
 * A demotion that lacked a right in the middle would leave the old primary half taken over, so all are looked at first.
 * @param sides the new primary, the old one as its replica, and where the state is
 * @throws {ForbiddenError} names each verb that is missing
 */
export async function checkMayDemote(spec: TaskSpec, sides: Sides, call: CallOptions): Promise<void> {
  const { kinds } = await chooseKinds(sides.primary, spec.rules, call);
  const isStateElsewhere = isElsewhere(sides.state, sides.primary);
  const rights = demotionRights(rightsOf(spec, kinds, { isStateElsewhere }));
  const denied = (await checkTaskRights(rights, sides, call)).filter(({ verdict }) => verdict === 'denied');
  if (denied.length === 0) return;
  throw new ForbiddenError('A right that the demotion needs is missing; nothing was done.', {
    details: denied.map(({ cluster, message }) => `${cluster}: ${message}`),
    hint: 'The least rights that are needed: `rbac --doing demote`, with the same rules.',
  });
}

/**
 * The epoch by which a cluster leads.
 * @throws {RefusedError} it was not promoted, or another one was promoted after it
 */
export async function checkLeads(
  { name, id, kube }: Cluster,
  task: string,
  call: CallOptions,
): Promise<Epoch> {
  const epoch = await readEpoch(kube, task, call);
  if (epoch?.leader === id) return epoch;
  const why = epoch ? `${epoch.leaderName} leads (epoch ${epoch.number})` : 'nothing was promoted';
  throw new RefusedError(`${name} does not lead task ${task}: ${why}.`, {
    hint: `Promote it first: promote ${name}.`,
  });
}

/** Tells clusters of the epoch. A newer one there is found by the run that follows, which is fenced by it. */
export async function tellEpoch(
  clusters: readonly Cluster[],
  task: string,
  epoch: Epoch,
  call: CallOptions,
): Promise<void> {
  await Promise.all(clusters.map(({ kube }) => raiseEpoch(kube, task, epoch, call)));
}
