/** A cluster that takes part in a task, known by what it is and not by what a workstation calls it. */
import { createHash } from 'node:crypto';
import { ForbiddenError, UsageError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';

export interface Cluster {
  /** What the person calls it: the context, or the kubeconfig's file name. */
  readonly name: string;
  readonly kube: KubeClient;
  /** UID of its kube-system namespace; a digest of its server's address where that may not be read. */
  readonly id: string;
}

export interface IdentifyOptions extends CallOptions {
  /** As what a cluster is known that may not be asked who it is (403); asked for only then. Undefined: it never was. */
  readonly known?: () => Promise<string | undefined>;
}

/** Asks a cluster who it is. One that was known stays who it was while it may not be asked. */
export async function identify(
  name: string,
  kube: KubeClient,
  { known, ...call }: IdentifyOptions = {},
): Promise<Cluster> {
  const id = await uidOf(kube, call).catch((error: unknown) => {
    if (!isForbidden(error)) throw error;
    return known?.();
  });
  return id === undefined ? unidentified(name, kube) : { name, kube, id };
}

/** A cluster that does not say who it is, as who it is known; itself where it says so, or never was known. */
export async function knownBefore(
  cluster: Cluster,
  known: () => Promise<string | undefined>,
): Promise<Cluster> {
  if (cluster.id !== addressOf(cluster.kube)) return cluster;
  return { ...cluster, id: (await known()) ?? cluster.id };
}

/**
 * The UID of its kube-system namespace; undefined where it has none yet.
 * @throws {ApiError | UnreachableError} it may not be read, or not now
 */
export async function uidOf(kube: KubeClient, call: CallOptions = {}): Promise<string | undefined> {
  const found = await kube.find(namespaces, { name: 'kube-system' }, call);
  return found?.metadata.uid;
}

/**
 * What leads has to be known by what it is: an address is another one for whoever else asks.
 * @throws {ForbiddenError} it is known by its address only
 */
export function requireIdentity({ name, kube, id }: Cluster, doing: 'promote' | 'demote'): void {
  if (id !== addressOf(kube)) return;
  throw new ForbiddenError(
    `${name} does not tell which cluster it is, so nothing could tell later whether it leads: ${kube.cluster.user} may not get namespaces "kube-system", or there is none`,
    { hint: `Nothing was done. The right to is among those that \`rbac --doing ${doing}\` prints.` },
  );
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
    const id = await uidOf(cluster.kube, options);
    if (id === undefined) return undefined;
    return id === cluster.id ? cluster : { ...cluster, id };
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
