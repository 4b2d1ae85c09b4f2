/** Brings up one cluster: its control plane, its nodes and the objects that it needs. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { controlPlaneDaemon, controlPlaneParts, nodeDaemon } from './components.ts';
import { type ClusterSpec, containerdSocket, fastDir, type NodeSpec } from './config.ts';
import { ready, start } from './daemons.ts';
import { containerdReady } from './images/load.ts';
import { Api } from './kube.ts';
import { manifests } from './manifests.ts';
import { prepareNode } from './node.ts';

/** Starts a control plane and waits until its API server is ready. */
export async function startControlPlane(cluster: ClusterSpec): Promise<void> {
  mkdirSync(join(fastDir, 'etcd'), { recursive: true });
  const [etcd, apiserver, ...clients] = controlPlaneParts;
  for (const part of [etcd, apiserver]) start(controlPlaneDaemon(cluster, part));
  await apiReady(cluster);
  // These end at once where the server has not made their roles yet.
  const useful = cluster.nodes.length > 0 ? clients : clients.filter((part) => part !== 'kube-scheduler');
  for (const part of useful) start(controlPlaneDaemon(cluster, part));
}

/** Waits until the API server of a cluster says that it is ready. */
export async function apiReady(cluster: ClusterSpec): Promise<void> {
  const api = new Api(cluster.name);
  try {
    await ready(`${cluster.name}/kube-apiserver`, 90_000, () => api.ready());
  } finally {
    api.close();
  }
}

/** Starts a node's containerd; it needs no API server, so it can start before there is one. */
export async function startContainerd(node: NodeSpec, cluster: ClusterSpec, template: string): Promise<void> {
  await prepareNode(node, cluster, template);
  start(nodeDaemon(node, cluster, 'containerd'));
  await ready(`${node.name}/containerd`, 30_000, () => containerdReady(containerdSocket(node.name)));
}

/** Starts the kubelet and kube-proxy of a node whose containerd runs. */
export function startKubelet(node: NodeSpec, cluster: ClusterSpec): void {
  start(nodeDaemon(node, cluster, 'kubelet'));
  start(nodeDaemon(node, cluster, 'kube-proxy'));
}

/** Applies the objects that a fresh cluster needs. */
export async function applyManifests(cluster: ClusterSpec): Promise<void> {
  const api = new Api(cluster.name);
  try {
    // Right after its start the server may not have made kube-system or its own roles yet.
    for (const { path, object } of manifests(cluster)) await eventually(() => api.apply(path, object));
  } finally {
    api.close();
  }
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const has = (object: Conditions, type: string): boolean =>
  object.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

/** Waits until all nodes are Ready, DNS answers, and pods can be made in the default namespace. */
export async function clusterReady(cluster: ClusterSpec, timeout = 60_000): Promise<void> {
  const api = new Api(cluster.name);
  const check = async (path: string, condition: string): Promise<void> => {
    await eventually(async () => {
      const object = await api.get<Conditions>(path);
      assert(has(object, condition), `${cluster.name}: ${path} is not ${condition}`);
    }, timeout);
  };
  try {
    for (const node of cluster.nodes) await check(`/api/v1/nodes/${node.name}`, 'Ready');
    if (cluster.nodes.length > 0)
      await check('/apis/apps/v1/namespaces/kube-system/deployments/coredns', 'Available');
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await eventually(() => api.get(account), timeout);
  } finally {
    api.close();
  }
}
