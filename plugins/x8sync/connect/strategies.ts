/**
 * The strategies by which the pod of one side may reach the sshd of the other: the target's that of the source, or, with
 * --push, the other way round. A strategy turns the Service into one that leads there and names the addresses to try;
 * which of them answers, the pod that dials finds out.
 */
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { Node, Service } from '../../../src/kube/api/objects.ts';
import { nodes, pods, services } from '../../../src/kube/api/resources.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { type ServiceShape, servicePort } from '../objects/manifests/service.ts';
import type { Makes } from '../preflight/permissions.ts';
import { publicAddressRisk } from './providers.ts';
import { isAboutLoadBalancer, loadBalancerAnnotations, type ServiceOptions } from './service-options.ts';
import type { StrategyName } from './strategy-names.ts';

/** Where a Service is looked for, and how long its address may take. */
export interface AddressContext {
  readonly kube: KubeClient;
  readonly namespace: string;
  /** Name of the pod that it leads to, once there is one. */
  readonly pod: () => Promise<string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type ServiceStrategyName = Exclude<StrategyName, 'mount' | 'relay'>;

/** By a Service that leads to the pod with the sshd. */
export interface ServiceStrategy {
  readonly name: ServiceStrategyName;
  /** What its Service may look like, in the order of trying: where one is declined, the next may be admitted. */
  readonly shapes: readonly ServiceShape[];
  /** Why it is not to be tried in this cluster, asked once it is its turn; undefined, as where absent, if it may be. */
  obstacle?(kube: KubeClient, signal: AbortSignal): Promise<string | undefined>;
  /** Addresses as `host:port`, best first; waits for them where the cluster still has to give one. */
  addresses(service: Service, context: AddressContext): Promise<string[]>;
}

/** Nodes whose port is tried; one suffices, the others are for nodes that can't be reached. */
const maxNodes = 8;

const clusterIp: ServiceStrategy = {
  name: 'clusterip',
  shapes: [{ type: 'ClusterIP' }],
  addresses: async ({ spec }) => [hostPort(spec.clusterIP ?? '', servicePort)],
};

const nodePort = ({ nodePort: port, host }: ServiceOptions): ServiceStrategy => ({
  name: 'nodeport',
  shapes: [{ type: 'NodePort', ...(port !== undefined && { nodePort: port }) }],
  addresses: async ({ spec }, context) => {
    const given = spec.ports?.[0]?.nodePort ?? 0;
    if (host) return [hostPort(host.host, host.port ?? given)];
    return (await nodeAddresses(context)).map((address) => hostPort(address, given));
  },
});

/** @param isAsked a person wants one, by its name or by what is about nothing else. */
function loadBalancer(options: ServiceOptions, isAsked: boolean): ServiceStrategy {
  const { sourceRanges = [], host } = options;
  const shape: ServiceShape = {
    type: 'LoadBalancer',
    annotations: loadBalancerAnnotations(options),
    ...(sourceRanges.length > 0 && { loadBalancerSourceRanges: sourceRanges }),
  };
  return {
    name: 'loadbalancer',
    // By default it takes node ports too, which a quota or a policy may be against, and not every load balancer needs.
    shapes: [shape, { ...shape, allocateLoadBalancerNodePorts: false }],
    ...(!isAsked && { obstacle: publicAddressRisk }),
    addresses: async (service, context) =>
      host ? [hostPort(host.host, host.port ?? servicePort)] : ingressAddresses(service, context),
  };
}

function ingressAddresses(
  { metadata }: Service,
  { kube, namespace, timeoutMs, signal }: AddressContext,
): Promise<string[]> {
  return waitFor(kube, services, { namespace, name: metadata.name }, (service) => ingressOf(service), {
    timeoutMs,
    signal,
    what: `an address for LoadBalancer service ${namespace}/${metadata.name} in ${kube.cluster.context}`,
  });
}

/** By streams that this workstation joins; no Service is needed. */
export interface RelayStrategy {
  readonly name: 'relay';
}

export type NetworkStrategy = ServiceStrategy | RelayStrategy;

const relay: RelayStrategy = { name: 'relay' };

const byName = (
  options: ServiceOptions,
  isNamed: boolean,
): Readonly<Record<NetworkStrategy['name'], NetworkStrategy>> => ({
  clusterip: clusterIp,
  nodeport: nodePort(options),
  loadbalancer: loadBalancer(options, isNamed || isAboutLoadBalancer(options)),
  relay,
});

/** Where the claims are, and who is to dial. */
export interface LadderPlace {
  readonly isOneCluster: boolean;
  /** Nothing is known that stands against a mount. */
  readonly isMountable: boolean;
  /** The source dials the target; the other way round where absent. */
  readonly push?: boolean | undefined;
}

/** Strategies in the order of trying. */
export interface Ladder {
  /** One pod that mounts both claims is tried first. */
  readonly mount: boolean;
  /** Then come these. */
  readonly network: readonly NetworkStrategy[];
}

/**
 * What to try. A mount needs no network, so it comes first wherever it stands in `wanted`. Within one cluster its own
 * network is enough; between two, a node's port costs nothing and opens nothing to the internet, so a load balancer
 * comes after it, and unasked only where it is known to be an internal one. A relay works wherever this workstation
 * reaches both, slower, and only while it runs: it comes last, and has no direction to be turned round.
 */
export function ladderOf(
  wanted: readonly StrategyName[],
  { isOneCluster, isMountable, push = false }: LadderPlace,
  service: ServiceOptions = {},
): Ladder {
  const all = byName(service, wanted.length > 0);
  const usual: readonly NetworkStrategy['name'][] = isOneCluster
    ? ['clusterip', 'relay']
    : ['nodeport', 'loadbalancer', 'relay'];
  const named = wanted.length === 0 ? usual : wanted.filter((name) => name !== 'mount');
  const network = push ? named.filter((name) => name !== 'relay') : named;
  return {
    mount: wanted.length === 0 ? isMountable : wanted.includes('mount'),
    network: network.map((name) => all[name]),
  };
}

/**
 * What has to be allowed for these strategies, which are all of them where none is named.
 *
 * @param push the source is to dial the target.
 */
export function madeFor(wanted: readonly StrategyName[], push = false): Makes {
  const network = withoutMount(wanted, push);
  // Where there are several, one that is not allowed is declined, and the next one is tried.
  const [only] = network.length === 1 ? network : [];
  return { ...objectsFor(wanted), push, addresses: only === 'loadbalancer', relay: only === 'relay' };
}

/** What may be made and called by any of these strategies, likewise. */
export function mayBeMadeFor(wanted: readonly StrategyName[], push = false): Makes {
  const network = withoutMount(wanted.length === 0 ? byNetwork : wanted, push);
  const isLadder = network.length > 1;
  return {
    ...objectsFor(wanted),
    push,
    otherService: network.filter((name) => name !== 'relay').length > 1,
    addresses: isLadder || network.includes('loadbalancer'),
    relay: network.includes('relay'),
  };
}

/** Those that go over a network; a relay does not go with the source dialling. */
const withoutMount = (names: readonly StrategyName[], push: boolean): readonly StrategyName[] =>
  names.filter((name) => name !== 'mount' && !(push && name === 'relay'));

const byNetwork: readonly StrategyName[] = ['clusterip', 'nodeport', 'loadbalancer', 'relay'];

function objectsFor(wanted: readonly StrategyName[]): Makes {
  const mayTry = (...names: readonly StrategyName[]) =>
    wanted.length === 0 || wanted.some((name) => names.includes(name));
  return {
    server: mayTry(...byNetwork),
    service: mayTry('clusterip', 'nodeport', 'loadbalancer'),
  };
}

function ingressOf(service: Service | undefined): string[] | undefined {
  const ingress = service?.status?.loadBalancer?.ingress ?? [];
  const hosts = ingress.map(({ ip, hostname }) => ip ?? hostname ?? '').filter((host) => host !== '');
  return hosts.length > 0 ? hosts.map((host) => hostPort(host, servicePort)) : undefined;
}

/** Every ready node serves a node port. Who may not list nodes learns one from the pod that it leads to. */
async function nodeAddresses(context: AddressContext): Promise<string[]> {
  try {
    const { items } = await context.kube.list(nodes, { signal: context.signal });
    return addressesOf(items);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return hostOfPod(context);
  }
}

/** External addresses of all nodes before internal ones: a cluster that has both is reached from outside. */
export function addressesOf(items: readonly Node[]): string[] {
  const ready = items.filter((node) => isMet(node, 'Ready'));
  const of = (type: string) =>
    ready
      .slice(0, maxNodes)
      .flatMap(({ status }) => status?.addresses?.find((address) => address.type === type)?.address ?? []);
  return [...of('ExternalIP'), ...of('InternalIP')];
}

async function hostOfPod({ kube, namespace, pod, timeoutMs, signal }: AddressContext): Promise<string[]> {
  const name = await pod();
  const host = await waitFor(kube, pods, { namespace, name }, (now) => now?.status?.hostIP, {
    timeoutMs,
    signal,
    what: `a node for pod ${namespace}/${name} in ${kube.cluster.context}`,
  });
  return [host];
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
