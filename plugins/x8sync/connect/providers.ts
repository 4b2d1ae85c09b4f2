/** Providers whose load balancers can be made internal by an annotation: how their nodes are known, and the annotation. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Node } from '../../../src/kube/api/objects.ts';
import { readNodes } from '../monitor/nodes.ts';

interface Provider {
  /** Begins the `providerID` of its nodes. */
  readonly nodes: RegExp;
  readonly internal: Readonly<Record<string, string>>;
}

/**
 * Sources: the documentation of AWS's load balancer controller and of the cloud providers of AWS, Azure, Google, OpenStack,
 * DigitalOcean, Alibaba, Oracle and IBM.
 */
const providers: readonly Provider[] = [
  {
    nodes: /^aws:\/\//,
    internal: {
      'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal',
      'service.beta.kubernetes.io/aws-load-balancer-internal': 'true',
    },
  },
  {
    nodes: /^azure:\/\//,
    internal: { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' },
  },
  { nodes: /^gce:\/\//, internal: { 'networking.gke.io/load-balancer-type': 'Internal' } },
  {
    nodes: /^openstack:\/\//,
    internal: { 'service.beta.kubernetes.io/openstack-internal-load-balancer': 'true' },
  },
  {
    nodes: /^digitalocean:\/\//,
    internal: { 'service.beta.kubernetes.io/do-loadbalancer-network': 'INTERNAL' },
  },
  {
    // cn-hangzhou.i-bp1…; newer ones have a scheme before it.
    nodes: /^(alicloud:\/\/)?[a-z]{2}-[a-z0-9-]+\.i-/,
    internal: { 'service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type': 'intranet' },
  },
  {
    nodes: /^(oci:\/\/)?ocid1\.instance\./,
    internal: { 'service.beta.kubernetes.io/oci-load-balancer-internal': 'true' },
  },
  {
    nodes: /^ibm:\/\//,
    internal: { 'service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type': 'private' },
  },
];

/** Each provider's controller reads its own annotations and no others, so all of them go together. */
export const internalAnnotations: Readonly<Record<string, string>> = Object.assign(
  {},
  ...providers.map(({ internal }) => internal),
);

const howToAsk = 'give --strategy loadbalancer, or --service-annotation, where that is meant';

/**
 * Why a load balancer is not tried that nobody has asked for: nothing is known that keeps it from getting an address on
 * the internet. Undefined where the provider of all nodes has an annotation that makes it internal.
 */
export async function publicAddressRisk(kube: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  const why = unknownProvider(await readNodes(kube, signal));
  return why && `it might get an address on the internet, since ${why}: ${howToAsk}`;
}

/** @param nodes undefined where they may not be listed. */
export function unknownProvider(nodes: readonly Node[] | undefined): string | undefined {
  if (!nodes) return 'this user may not list nodes, which tell the provider';
  if (nodes.length === 0) return 'there is no node that tells the provider';
  const stranger = nodes.find((node) => !providers.some((one) => one.nodes.test(providerIdOf(node))));
  if (!stranger) return undefined;
  const id = providerIdOf(stranger);
  const { name } = stranger.metadata;
  return id === ''
    ? `node ${name} tells no provider`
    : `no annotation is known that makes it internal at the provider of node ${name} (${id})`;
}

function providerIdOf({ spec }: Node): string {
  const id = spec?.providerID;
  return typeof id === 'string' ? id : '';
}
