/** What both sides have in common: how a side's objects are named, and the Service that leads to its sshd. */
import type { ObjectMeta, Service } from '../../../../src/kube/api/objects.ts';

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

/** Leads to the sshd of a side's pod: the source's, or the target's where the source is to dial in. */
export function sshService(
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
      // Who dials probes until sshd answers, so an address that leads there early is worth more than none.
      publishNotReadyAddresses: true,
      ports: [sshServicePort(nodePort)],
    },
  };
}
