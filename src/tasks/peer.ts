/**
 * The other side of a task, found again by its API server. That address may lead to another cluster elsewhere: a tunnel's, or
 * kind's, is of this machine, and an in-cluster one is the same in many. So a record keeps which cluster it was.
 */
import { UnreachableError } from '../errors.ts';
import type { CallOptions, KubeClient } from '../kube/api/client.ts';
import { clusterId } from '../kube/cluster/identity.ts';
import type { Peer } from './record.ts';

/** Where a side is, as the record of the other one keeps it. */
export async function peerAt(
  { kube, namespace }: { readonly kube: KubeClient; readonly namespace: string },
  options: CallOptions = {},
): Promise<Peer> {
  return { server: kube.cluster.server, namespace, clusterUid: await clusterId(kube, options) };
}

/** The cluster that answers at a peer's API server. */
export interface FoundPeer {
  readonly kube: KubeClient;
  /**
   * Undefined where it is the cluster of the record, or one that the record (of an older version) does not tell from others;
   * else why that can't be told, so that what is not there may be somewhere else.
   */
  readonly doubt: string | undefined;
}

/**
 * Makes sure that the cluster at a peer's API server is the peer's.
 *
 * @param kube of the cluster that answers there
 * @param what is in the cluster, for messages
 * @throws UnreachableError where it is another one.
 */
export async function recognisePeer(
  kube: KubeClient,
  { server, clusterUid }: Pick<Peer, 'server' | 'clusterUid'>,
  options: CallOptions = {},
  what = "the task's other side",
): Promise<FoundPeer> {
  if (clusterUid === undefined) return { kube, doubt: undefined };
  const found = await clusterId(kube, options);
  if (found === clusterUid) return { kube, doubt: undefined };
  const { context, user } = kube.cluster;
  const wanted = `${what} is in the cluster whose namespace kube-system has the UID ${clusterUid}`;
  if (found === undefined)
    return {
      kube,
      doubt: `${wanted}, and ${user} may not see (get namespaces) whether context ${context} is it`,
    };
  throw new UnreachableError(
    `another cluster answers at ${server} (context ${context}): ${wanted}, and there it is ${found}`,
    { hint: `use a kubeconfig whose context for ${server} leads to that cluster` },
  );
}
