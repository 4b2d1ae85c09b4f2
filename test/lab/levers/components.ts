/** Killing, stopping and restarting single servers of the lab. */
import { apiReady } from '../cluster.ts';
import { agentDaemon, controlPlaneDaemon, controlPlaneParts, nodeDaemon, nodeParts } from '../components.ts';
import { allClusters, type ClusterSpec, clusterNamed, containerdSocket, thirdCluster } from '../config.ts';
import { type Daemon, ready, start, stop } from '../daemons.ts';
import { isRunning, processesOf, signal } from '../groups.ts';
import { containerdReady } from '../images/load.ts';

/** All servers that a cluster has. */
export function daemonsOf(cluster: ClusterSpec): Daemon[] {
  // Controllers and storage, but no scheduler, where there is no node to schedule to.
  const parts = cluster === thirdCluster ? controlPlaneParts.slice(0, 3) : controlPlaneParts;
  return [
    ...parts.map((part) => controlPlaneDaemon(cluster, part)),
    ...cluster.nodes.flatMap((node) => nodeParts.map((part) => nodeDaemon(node, cluster, part))),
  ];
}

/**
 * The server called `part` of a cluster or node: `lab-a` and `etcd`, `lab-a-2` and `kubelet`. A node's part of a
 * cluster with one node is found by the cluster's name too.
 */
export function findDaemon(where: string, part: string): Daemon {
  const all = [...allClusters.flatMap(daemonsOf), agentDaemon()];
  const name = part === 'agent' ? 'agent' : `${where}/${part}`;
  const exact = all.find((daemon) => daemon.name === name);
  const onNodes = all.filter(
    (daemon) => daemon.name.startsWith(`${where}-`) && daemon.name.endsWith(`/${part}`),
  );
  const found = exact ?? (onNodes.length === 1 ? onNodes[0] : undefined);
  if (found) return found;
  const known = (onNodes.length > 0 ? onNodes : all).map((daemon) =>
    daemon.name.split('/').reverse().join('@'),
  );
  throw new Error(`no ${part} in ${where}; there are ${known.join(', ')}`);
}

/** Kills a server at once and leaves it dead; `restartComponent` or `up` starts it again. */
export async function killComponent(where: string, part: string): Promise<void> {
  await stop(findDaemon(where, part).name, 'SIGKILL');
}

/** Stops a server politely and leaves it so. */
export async function stopComponent(where: string, part: string): Promise<void> {
  await stop(findDaemon(where, part).name);
}

/** Freezes a server: its connections stay open and nothing answers. `thawComponent` lets it go on. */
export function freezeComponent(where: string, part: string): void {
  signal(processesOf(findDaemon(where, part).name), 'SIGSTOP');
}

/** Lets a frozen server go on. */
export function thawComponent(where: string, part: string): void {
  signal(processesOf(findDaemon(where, part).name), 'SIGCONT');
}

/** Starts a server that is not running, and waits until it serves. */
export async function startComponent(where: string, part: string): Promise<void> {
  const daemon = findDaemon(where, part);
  start(daemon);
  await serving(daemon);
}

/** Stops a server, killing it where it does not end by itself, starts it again and waits until it serves. */
export async function restartComponent(where: string, part: string): Promise<void> {
  const daemon = findDaemon(where, part);
  thawComponent(where, part);
  if (isRunning(daemon.name)) await stop(daemon.name);
  start(daemon);
  await serving(daemon);
}

/**
 * Restarts whatever watches a cluster's API server (controllers, kubelets, proxies): each waits the longer the more
 * often it found nobody there, for up to a minute, also when the server is back.
 */
export async function reconnect(where: string): Promise<void> {
  const followers = daemonsOf(clusterNamed(where)).filter(({ name }) =>
    /\/kube(let|-(?!apiserver))/.test(name),
  );
  await Promise.all(followers.map(({ name }) => restartComponent(...(name.split('/') as [string, string]))));
}

async function serving({ name }: Daemon): Promise<void> {
  const [where = '', part = ''] = name.split('/');
  if (part === 'kube-apiserver') await apiReady(clusterNamed(where));
  else if (part === 'containerd') await ready(name, 30_000, () => containerdReady(containerdSocket(where)));
  else await ready(name, 5_000, async () => isRunning(name));
}
