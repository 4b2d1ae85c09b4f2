/** As what clusters are known that do not say themselves who they are: to earlier runs of a task, and to promotions. */
import { unlessForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { readPromotion } from './promotion.ts';
import { readSavedState, readStatus } from './state.ts';

export interface KnownClustersOptions {
  readonly task: string;
  /** Where the task's state is kept; undefined: it can't be reached. */
  readonly state: KubeClient | undefined;
  readonly call: CallOptions;
}

/**
 * The id of a cluster as the task's state knows what is at that address, else as its own record of a promotion says.
 * Undefined: nothing that may be read tells.
 * @throws {X8sError} that can't be told just now: another id would take it for another cluster
 */
export async function knownAs(
  kube: KubeClient,
  { task, state, call }: KnownClustersOptions,
): Promise<string | undefined> {
  const found = state && (await unlessForbidden(idAt(kube.cluster.server, state, task, call)));
  return found ?? (await unlessForbidden(readPromotion(kube, task, call)))?.cluster;
}

async function idAt(
  server: string,
  state: KubeClient,
  task: string,
  call: CallOptions,
): Promise<string | undefined> {
  const status = await readStatus(state, task, call);
  if (!status) return undefined;
  const saved = await readSavedState(state, task, call);
  if (status.primary.server === server) return saved.primary;
  const replica = status.replicas.find((one) => one.server === server);
  return replica && saved.clusters[replica.name];
}
