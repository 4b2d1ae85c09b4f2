/** The source's side: sshd over one claim, mounted read-only, and the Service that leads to it. */
import type {
  NetworkPolicy,
  ObjectMeta,
  Secret,
  Service,
  StatefulSet,
} from '../../../../src/kube/objects.ts';
import { type PodPlan, passwdKey, podTemplate } from './pods.ts';

/** Where sshd listens inside the pod; above 1024, so that no capability is needed for it. */
export const sshPort = 2222;

/** The port of the Service that leads there. */
export const servicePort = 22;

/** A task's objects on one side have one name and one set of labels. */
export interface SideMeta {
  readonly meta: Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'ownerReferences'>;
  /** Labels that its pods bear and that Service and NetworkPolicy select. */
  readonly selector: Record<string, string>;
}

export function sourceSecret(
  { meta }: SideMeta,
  keys: { hostKey: string; authorizedKey: string; passwd: string | undefined },
  annotations: Record<string, string>,
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...meta, annotations },
    type: 'Opaque',
    stringData: {
      host_key: keys.hostKey,
      authorized_keys: keys.authorizedKey,
      ...(keys.passwd !== undefined && { [passwdKey]: keys.passwd }),
    },
  };
}

export function sourceStatefulSet({ meta, selector }: SideMeta, plan: PodPlan): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...meta },
    spec: {
      replicas: 1,
      serviceName: meta.name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: selector },
      template: podTemplate({ labels: { ...meta.labels, ...selector } }, plan, 'Always'),
    },
  };
}

/** Changes a Service of another shape into one of this. */
export function servicePatch({ annotations, nodePort, ...spec }: ServiceShape): object {
  const ports = nodePort === undefined ? {} : { ports: [sshServicePort(nodePort)] };
  return { ...(annotations && { metadata: { annotations } }), spec: { ...spec, ...ports } };
}

const sshServicePort = (nodePort?: number) => ({
  ...{ name: 'ssh', port: servicePort, targetPort: sshPort, protocol: 'TCP' },
  ...(nodePort !== undefined && { nodePort }),
});

/** How a Service leads in from outside. */
export interface ServiceShape {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly allocateLoadBalancerNodePorts?: boolean;
  /** CIDRs that a load balancer lets in; all where absent. */
  readonly loadBalancerSourceRanges?: readonly string[];
  /** Any where absent. */
  readonly nodePort?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function sourceService(
  { meta, selector }: SideMeta,
  { annotations, nodePort, ...shape }: ServiceShape,
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...meta, ...(annotations && { annotations }) },
    spec: {
      ...shape,
      selector,
      // The mover probes until sshd answers, so an address that leads there early is worth more than none.
      publishNotReadyAddresses: true,
      ports: [sshServicePort(nodePort)],
    },
  };
}

/**
 * Lets the mover in where a namespace denies all by default, and nobody in by another port. Policies add up:
 * this one opens nothing for any other pod.
 */
export function sourceNetworkPolicy({ meta, selector }: SideMeta): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { ...meta },
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: sshPort, protocol: 'TCP' }] }],
    },
  };
}
