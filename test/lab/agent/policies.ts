/** Network policies in force: on each change of pods, namespaces or policies, each node's rules anew. */
import type { NodeSpec } from '../config.ts';
import type { KubeObject } from '../kube.ts';
import { inNetns, run } from '../shell.ts';
import { Collection, type Context } from './collection.ts';
import { type Policy, type PolicyPod, type PolicyState, rulesFor } from './rules.ts';

interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers: readonly {
      readonly ports?: readonly {
        readonly name?: string;
        readonly protocol?: string;
        readonly containerPort: number;
      }[];
    }[];
  };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

interface PolicyObject extends KubeObject {
  readonly spec: Omit<Policy, 'namespace'>;
}

/** A pod that is about to start, as its node announces it. */
export interface Announcement {
  readonly node: string;
  readonly uid: string;
  readonly address: string;
}

/** The policies of one cluster. */
export interface PolicyServer {
  /** Settled once the policies for that pod are in force. */
  announce(announcement: Announcement): Promise<void>;
}

/** Puts the policies of one cluster in force for as long as the agent runs. */
export function servePolicies(context: Context): PolicyServer {
  const { cluster, log } = context;
  /** Addresses by pod's UID; they are known before the pods' status has them. */
  const announced = new Map<string, string>();
  const applied = new Map<string, string>();
  let running: Promise<void> | undefined;
  let again: Promise<void> | undefined;

  const changed = (): void => void refresh().catch((error: unknown) => log(`policies: ${String(error)}`));
  const pods = new Collection<Pod>(context, '/api/v1/pods', (pod, gone) => {
    if (gone) announced.delete(pod.metadata.uid ?? '');
    changed();
  });
  const namespaces = new Collection(context, '/api/v1/namespaces', changed);
  const policies = new Collection<PolicyObject>(
    context,
    '/apis/networking.k8s.io/v1/networkpolicies',
    changed,
  );
  const listed = Promise.all([pods.listed, namespaces.listed, policies.listed]);

  const state = (): PolicyState => ({
    pods: byAddress(pods.all(), announced),
    namespaces: new Map(namespaces.all().map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    policies: policies.all().map(({ metadata, spec }) => ({ namespace: metadata.namespace ?? '', ...spec })),
  });

  /** Many changes come at once: those that come while rules are being applied are one more round. */
  function refresh(): Promise<void> {
    again ??= (running ?? pause())
      .catch(() => {})
      .then(() => {
        again = undefined;
        running = apply().finally(() => {
          running = undefined;
        });
        return running;
      });
    return again;
  }

  async function apply(): Promise<void> {
    await listed;
    const now = state();
    await Promise.all(cluster.nodes.map((node) => applyOn(node, rulesFor(now, node.name))));
  }

  async function applyOn({ name, netns }: NodeSpec, rules: string): Promise<void> {
    if (applied.get(name) === rules) return;
    applied.delete(name);
    await run(...inNetns(netns, 'nft', '-f', '-'), { input: rules });
    applied.set(name, rules);
  }

  return {
    announce: async ({ uid, address }) => {
      announced.set(uid, address);
      // A node may hear of its pod a moment before this watch does, and its labels decide.
      const known = (): boolean => pods.all().some((pod) => pod.metadata.uid === uid);
      for (let tries = 0; tries < 50 && !known(); tries++) await pause();
      await refresh();
    },
  };
}

/** The one pod that has an address: the address of a pod that is ending may belong to a new one already. */
function byAddress(pods: readonly Pod[], announced: ReadonlyMap<string, string>): PolicyPod[] {
  const leaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
  const newestLast = [...pods.filter(leaving), ...pods.filter((pod) => !leaving(pod))];
  const found = newestLast.flatMap((pod) => policyPod(pod, announced));
  return [...new Map(found.map((pod) => [pod.address, pod])).values()];
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function policyPod({ metadata, spec, status }: Pod, announced: ReadonlyMap<string, string>): PolicyPod[] {
  // A pod whose sandbox was made anew has an address that its status does not say yet.
  const address = announced.get(metadata.uid ?? '') ?? status?.podIP;
  const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (!address || !spec.nodeName || spec.hostNetwork || over) return [];
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  const named = ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
    name ? [[`${protocol}/${name}`, containerPort] as const] : [],
  );
  return [
    {
      namespace: metadata.namespace ?? '',
      labels: metadata.labels ?? {},
      address,
      node: spec.nodeName,
      ports: Object.fromEntries(named),
    },
  ];
}
