/** A cluster that takes part in a task, known by what it is and not by what a workstation calls it. */
import { createHash } from 'node:crypto';
import { UsageError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import { clusterId } from '../../../src/kube/cluster/identity.ts';

export interface Cluster {
  /** What the person calls it: the context, or the kubeconfig's file name. */
  readonly name: string;
  readonly kube: KubeClient;
  /** UID of its kube-system namespace; a digest of its server's address where that may not be read. */
  readonly id: string;
}

/** Asks a cluster who it is. */
export async function identify(name: string, kube: KubeClient, options: CallOptions = {}): Promise<Cluster> {
  const uid = await clusterId(kube, options);
  return uid === undefined ? unidentified(name, kube) : { name, kube, id: uid };
}

/** A cluster that does not say who it is. */
export const unidentified = (name: string, kube: KubeClient): Cluster => ({
  ...{ name, kube, id: addressOf(kube) },
});

/**
 * Asks once more: another cluster may have come to stand under the same name, as one that was rebuilt. The same cluster
 * where it is the same cluster, or where that may not be asked; undefined where it has no kube-system namespace yet.
 */
export async function identifyAgain(
  cluster: Cluster,
  options: CallOptions = {},
): Promise<Cluster | undefined> {
  if (cluster.id === addressOf(cluster.kube)) return cluster;
  try {
    const found = await cluster.kube.find(namespaces, { name: 'kube-system' }, options);
    const id = found?.metadata.uid;
    if (id === undefined || id === cluster.id) return found && cluster;
    return { ...cluster, id };
  } catch (error) {
    if (isForbidden(error)) return cluster;
    throw error;
  }
}

/** What ends a run whose primary became another one. */
export const anotherCluster = ({ name }: Cluster): X8sError =>
  new X8sError(`the primary ${name} became another cluster meanwhile; it may have been rebuilt`, {
    hint: 'Nothing was deleted for it. See whether it is the right one, then start again.',
  });

const addressOf = ({ cluster }: KubeClient): string =>
  `server-${createHash('sha256').update(cluster.server).digest('hex').slice(0, 16)}`;

/**
 * Refuses (UsageError) a primary among the replicas, a replica that is named twice, under any name, and two of one
 * name: what is remembered of a replica is remembered by that.
 */
export function checkDistinct(primary: Cluster, replicas: readonly Cluster[]): void {
  const seen = new Map<string, string>([[primary.id, `the primary (${primary.name})`]]);
  for (const { id, name } of replicas) {
    const other = seen.get(id);
    if (other !== undefined)
      throw new UsageError(`Replica ${name} is the same cluster as ${other}.`, {
        details: [`uid of its kube-system namespace: ${id}`],
        hint: 'Contexts are local names: look at which server each of them leads to.',
      });
    seen.set(id, `replica ${name}`);
  }
  const twice = replicas.find(({ name }, index) => replicas.findIndex((one) => one.name === name) !== index);
  if (twice)
    throw new UsageError(`Two replicas are called ${twice.name}.`, {
      hint: 'Contexts keep their names, and kubeconfigs are called after their files: rename one of them.',
    });
}
