/** The source's side: sshd over one claim, mounted read-only. */
import type { NetworkPolicy, Secret, StatefulSet } from '../../../../src/kube/api/objects.ts';
import { type PodPlan, passwdKey, podTemplate } from './pods.ts';
import { type SideMeta, sshPort } from './service.ts';

/** The source's half of the keys of a tunnel. */
export interface TunnelClientKeys {
  readonly clientKey: string;
  readonly knownHosts: string;
}

export function sourceSecret(
  { meta }: SideMeta,
  keys: {
    readonly hostKey: string;
    readonly authorizedKey: string;
    readonly passwd: string | undefined;
    readonly tunnel?: TunnelClientKeys | undefined;
  },
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
      ...(keys.tunnel && {
        tunnel_key: keys.tunnel.clientKey,
        tunnel_known_hosts: keys.tunnel.knownHosts,
      }),
      ...(keys.passwd !== undefined && { [passwdKey]: keys.passwd }),
    },
  };
}

export function sourceStatefulSet(
  { meta, selector }: SideMeta,
  plan: PodPlan,
  annotations: Record<string, string> = {},
): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...meta, annotations },
    spec: {
      replicas: 1,
      serviceName: meta.name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: selector },
      template: podTemplate({ labels: { ...meta.labels, ...selector } }, plan, 'Always'),
    },
  };
}

/**
 * Lets the mover in where a namespace denies all by default, and nobody in by another port; where the source dials the
 * target, it is let out, and nobody in. Policies add up: this one opens nothing for any other pod.
 */
export function sourceNetworkPolicy({ meta, selector }: SideMeta, dialsOut = false): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { ...meta },
    spec: {
      podSelector: { matchLabels: selector },
      ...(dialsOut
        ? { policyTypes: ['Ingress', 'Egress'], egress: [{}] }
        : { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: sshPort, protocol: 'TCP' }] }] }),
    },
  };
}
