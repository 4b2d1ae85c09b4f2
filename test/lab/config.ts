/**
 * What the lab is made of: versions, folders, addresses. One lab a machine, so its state has one place,
 * and a lab that was started from one checkout is known to every other.
 */
import { join } from 'node:path';

export const versions = { kubernetes: '1.34.4', etcd: '3.6.11', coredns: '1.15.0' } as const;

/** Where built binaries and images are kept between runs, outside of any checkout. */
export const cacheDir = process.env.X8S_LAB_CACHE ?? '/var/cache/x8s-lab';
/** Everything that a running lab keeps on disk; `down` removes it. */
export const stateDir = '/var/lib/x8s-lab';
/** A tmpfs under the state: etcd, sockets, and the databases of containerd, which all sync far too often. */
export const fastDir = join(stateDir, 'fast');
export const logDir = join(stateDir, 'logs');
export const kubeconfigPath = join(stateDir, 'kubeconfig');
/** A folder of this name in every cgroup hierarchy holds the lab's processes. */
export const groupName = 'x8s-lab';
export const bridge = { name: 'x8s0', address: '10.89.0.1' } as const;
/** The router that all traffic between the clusters passes, and that the link lever acts on. */
export const wan = { netns: 'x8s-wan', towardA: '10.89.0.2', towardB: '10.89.0.3' } as const;
export const loadBalancerPool: Readonly<Record<string, string>> = { 'lab-a': '10.89.1', 'lab-b': '10.89.2' };

export interface NodeSpec {
  readonly name: string;
  readonly cluster: string;
  readonly netns: string;
  readonly address: string;
  readonly podCidr: string;
}

export interface ClusterSpec {
  readonly name: string;
  /** Its control plane runs in this network namespace, which is the first node's where there are nodes. */
  readonly netns: string;
  readonly address: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly apiServiceAddress: string;
  readonly dnsAddress: string;
  readonly nodes: readonly NodeSpec[];
}

function cluster(letter: string, index: number, nodeCount: number): ClusterSpec {
  const name = `lab-${letter}`;
  const nodes = Array.from({ length: nodeCount }, (_, i) => ({
    name: `${name}-${i + 1}`,
    cluster: name,
    netns: `x8s-${letter}${i + 1}`,
    address: `10.89.0.${index}${i + 1}`,
    podCidr: `10.${243 + index}.${i + 1}.0/24`,
  }));
  return {
    name,
    netns: `x8s-${letter}1`,
    address: `10.89.0.${index}1`,
    podCidr: `10.${243 + index}.0.0/16`,
    serviceCidr: `10.${95 + index}.0.0/16`,
    apiServiceAddress: `10.${95 + index}.0.1`,
    dnsAddress: `10.${95 + index}.0.10`,
    nodes,
  };
}

export const clusters: readonly ClusterSpec[] = [cluster('a', 1, 2), cluster('b', 2, 1)];
/** API server, etcd and controllers without a node, brought up on demand. */
export const thirdCluster: ClusterSpec = cluster('c', 3, 0);
export const allClusters: readonly ClusterSpec[] = [...clusters, thirdCluster];
export const allNodes: readonly NodeSpec[] = clusters.flatMap((c) => c.nodes);

/** The cluster of that name; throws with the names that there are. */
export function clusterNamed(name: string): ClusterSpec {
  const found = allClusters.find((c) => c.name === name);
  if (!found) throw new Error(`no cluster ${name}; there are ${allClusters.map((c) => c.name).join(', ')}`);
  return found;
}

/** The node of that name; throws with the names that there are. */
export function nodeNamed(name: string): NodeSpec {
  const found = allNodes.find((n) => n.name === name);
  if (!found) throw new Error(`no node ${name}; there are ${allNodes.map((n) => n.name).join(', ')}`);
  return found;
}

/** Folders of one cluster or node. */
export const pkiDir = (cluster: string): string => join(stateDir, 'pki', cluster);
export const etcdDir = (cluster: string): string => join(fastDir, 'etcd', cluster);
export const nodeDir = (node: string): string => join(stateDir, 'nodes', node);
export const containerdSocket = (node: string): string => join(fastDir, 'run', node, 'containerd.sock');
export const volumeDir = (node: string): string => join(stateDir, 'volumes', node);
/** Where the lab's agent listens for pods that are about to start. */
export const agentSocket = join(fastDir, 'agent.sock');
