/** Which addresses belong to the inside of a cluster: its Services', its pods' and its nodes'. */
import { isIP } from 'node:net';
import { messageOf, X8sError } from '../../../../src/errors.ts';
import { isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../../src/kube/api/client.ts';
import type { KubeObject, Node } from '../../../../src/kube/api/objects.ts';
import { nodes, type Resource, services } from '../../../../src/kube/api/resources.ts';

interface ServiceCidr extends KubeObject {
  spec?: { cidrs?: string[] };
}

/** There since Kubernetes 1.33 (https://kep.k8s.io/1880). */
const serviceCidrs: Resource<ServiceCidr> = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'servicecidrs',
  kind: 'ServiceCIDR',
  namespaced: false,
};

/**
 * Ranges as CIDRs. What may not be read is warned of, and not among them; a network that gives pods addresses other than
 * their nodes' `podCIDRs` is not seen either.
 */
export async function innerRanges(
  kube: KubeClient,
  warn: (text: string) => void,
  options: CallOptions = {},
): Promise<string[]> {
  const parts = [servicesOf(kube, options), apiServiceOf(kube, options), nodesOf(kube, options)];
  const found = await Promise.allSettled(parts);
  return found.flatMap((part) => {
    if (part.status === 'fulfilled') return part.value;
    if (!(part.reason instanceof X8sError)) throw part.reason;
    warn(
      `kubeconfigs that lead to some inner addresses of this cluster can't be told: ${messageOf(part.reason)}; --inner-cidrs names them`,
    );
    return [];
  });
}

async function servicesOf(kube: KubeClient, options: CallOptions): Promise<string[]> {
  try {
    const { items } = await kube.list(serviceCidrs, options);
    return items.flatMap(({ spec }) => spec?.cidrs ?? []);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The API server's own Service, which pods reach it by. */
async function apiServiceOf(kube: KubeClient, options: CallOptions): Promise<string[]> {
  const service = await kube.find(services, { namespace: 'default', name: 'kubernetes' }, options);
  const addresses = (service?.spec.clusterIPs as string[] | undefined) ?? [];
  // Where Services' ranges are not told: the smallest that a cluster is usually given.
  return addresses.flatMap((address) => (isIP(address) === 4 ? [`${address}/20`] : [`${address}/112`]));
}

async function nodesOf(kube: KubeClient, options: CallOptions): Promise<string[]> {
  const { items } = await kube.list<Node>(nodes, options);
  return items.flatMap(({ spec, status }) => [
    ...((spec?.podCIDRs as string[] | undefined) ?? []),
    ...(status?.addresses ?? []).map(({ address }) => address).filter((address) => isIP(address) !== 0),
  ]);
}
