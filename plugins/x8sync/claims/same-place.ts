/** Who mounts other claims that are the same place of some storage as a claim. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { PersistentVolume, Pod } from '../../../src/kube/api/objects.ts';
import { persistentVolumes, pods } from '../../../src/kube/api/resources.ts';
import { claimsOfSamePlace } from './volume-identity.ts';

/** A claim of the same cluster. */
export interface ClaimElsewhere {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly claim: string;
}

/** These claims, by one list of the cluster's volumes; none where this user may not have that. */
export async function claimsElsewhere(
  kube: KubeClient,
  volume: PersistentVolume,
  cluster: string,
  signal: AbortSignal,
): Promise<readonly ClaimElsewhere[]> {
  const all = await asFarAsKnown(kube.list(persistentVolumes, { signal }), signal);
  const found = claimsOfSamePlace(volume, all, cluster);
  return found.map((named) => ({ kube, ...named }));
}

/** The pods of the namespaces of these claims, by one list of each; none of those where they may not be listed. */
export async function podsBeside(
  claims: readonly ClaimElsewhere[],
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const places = [...new Map(claims.map((claim) => [claim.namespace, claim])).values()];
  const lists = places.map(({ kube, namespace }) => kube.list(pods, { namespace, signal }));
  return (await Promise.all(lists.map((list) => asFarAsKnown(list, signal)))).flat();
}

async function asFarAsKnown<T>(
  list: Promise<{ readonly items: readonly T[] }>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  try {
    return (await list).items;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof X8sError) return [];
    throw error;
  }
}
