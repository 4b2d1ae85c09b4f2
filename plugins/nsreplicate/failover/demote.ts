/** What has to be true before an old primary becomes a standby. */
import type { Clock } from '../../../src/clock.ts';
import { RefusedError } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type Epoch, raiseEpoch, readEpoch } from '../state/epoch.ts';

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
  call: CallOptions & { readonly clock: Clock },
): Promise<void> {
  await Promise.all(clusters.map(({ kube }) => raiseEpoch(kube, task, epoch, call)));
}
