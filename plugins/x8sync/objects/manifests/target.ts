/** The target's side: one Job whose pod fetches the source's files. */
import type { Job, NetworkPolicy, Secret } from '../../../../src/kube/api/objects.ts';
import type { PodTemplate } from './pod-patch.ts';
import { gateName, type PodPlan, passwdKey, podTemplate } from './pods.ts';
import { type SideMeta, sshPort } from './service.ts';

/** The target's half of the keys of a tunnel. */
export interface TunnelServerKeys {
  readonly hostKey: string;
  readonly authorizedKey: string;
}

/** Pods that the Job may start anew after a drain, a deletion or a kill; rsync goes on where it was. */
const backoffLimit = 6;

export function targetSecret(
  { meta }: SideMeta,
  keys: {
    readonly clientKey: string;
    readonly knownHosts: string;
    readonly passwd: string | undefined;
    readonly tunnel?: TunnelServerKeys | undefined;
  },
  annotations: Record<string, string>,
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...meta, annotations },
    type: 'Opaque',
    stringData: {
      client_key: keys.clientKey,
      known_hosts: keys.knownHosts,
      ...(keys.tunnel && {
        tunnel_host_key: keys.tunnel.hostKey,
        tunnel_authorized_keys: keys.tunnel.authorizedKey,
      }),
      ...(keys.passwd !== undefined && { [passwdKey]: keys.passwd }),
    },
  };
}

/**
 * The mover's Job. Never two writers: a pod is replaced only once it has ended (`podReplacementPolicy:
 * Failed`), and never restarted in place. A mover that came to an end of its own (exit codes 1 to 99) is not
 * tried again by the cluster; one that was killed or evicted is.
 */
export function targetJob(
  { meta, selector }: SideMeta,
  plan: PodPlan,
  annotations: Record<string, string>,
): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...meta, annotations },
    spec: jobSpec({ meta, selector }, plan, annotations),
  };
}

/** Likewise for each of the Jobs that a schedule makes. */
export function jobSpec(
  { meta, selector }: SideMeta,
  plan: PodPlan,
  annotations: Record<string, string>,
): Record<string, unknown> & { template: PodTemplate } {
  const definite = { operator: 'In', values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
  const containers = [plan.side, ...(plan.gate ? [gateName] : [])];
  return {
    backoffLimit,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ...containers.map((containerName) => ({
          action: 'FailJob',
          onExitCodes: { containerName, ...definite },
        })),
      ],
    },
    template: podTemplate({ labels: { ...meta.labels, ...selector }, annotations }, plan, 'Never'),
  };
}

/**
 * Lets the mover out where a namespace denies egress by default, and nobody in; where the source dials in, it is let in
 * by sshd's port alone, and the mover is not let out: what it dials is on its own loopback.
 */
export function targetNetworkPolicy({ meta, selector }: SideMeta, isDialled = false): NetworkPolicy {
  const open = isDialled ? { ingress: [{ ports: [{ port: sshPort, protocol: 'TCP' }] }] } : { egress: [{}] };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { ...meta },
    spec: { podSelector: { matchLabels: selector }, policyTypes: ['Ingress', 'Egress'], ...open },
  };
}
