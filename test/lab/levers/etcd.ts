/** Faults of a cluster's etcd: a snapshot is taken, an older one is restored, all is deleted, history is compacted. */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applyManifests, clusterReady, startControlPlane } from '../cluster.ts';
import { nodeDaemon } from '../components.ts';
import { type ClusterSpec, clusterNamed, etcdDir, fastDir } from '../config.ts';
import { start, stop } from '../daemons.ts';
import { inNetns, run } from '../shell.ts';
import { freezeComponent, restartComponent, thawComponent } from './components.ts';

const snapshotDir = (cluster: string, name: string): string => join(fastDir, 'snapshots', cluster, name);

/** Copies a cluster's etcd under a name, while it runs. */
export function snapshotEtcd(cluster: string, name: string): void {
  const target = snapshotDir(clusterNamed(cluster).name, name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  // Frozen for some milliseconds, etcd leaves its files as a crash would, and it can start from those.
  freezeComponent(cluster, 'etcd');
  try {
    cpSync(etcdDir(cluster), target, { recursive: true });
  } finally {
    thawComponent(cluster, 'etcd');
  }
}

/** Replaces a cluster's etcd by a snapshot. */
export async function restoreEtcd(cluster: string, name: string): Promise<void> {
  const source = snapshotDir(cluster, name);
  if (!existsSync(source)) throw new Error(`there is no snapshot ${name} of ${cluster}`);
  await replaceEtcd(clusterNamed(cluster), (folder) => cpSync(source, folder, { recursive: true }));
}

/** Starts a cluster's control plane anew with an empty etcd: all objects are gone, nodes register again. */
export async function emptyEtcd(cluster: string): Promise<void> {
  await replaceEtcd(clusterNamed(cluster), () => {});
}

async function replaceEtcd(cluster: ClusterSpec, fill: (folder: string) => void): Promise<void> {
  const servers = ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];
  // Whatever caches objects must start anew. A kubelet registers its node only when it starts.
  const agents = cluster.nodes.flatMap((node) =>
    ['kubelet', 'kube-proxy'].map((part) => `${node.name}/${part}`),
  );
  const names = [...servers.map((part) => `${cluster.name}/${part}`), ...agents];
  await Promise.all(names.map((name) => stop(name, 'SIGKILL')));
  rmSync(etcdDir(cluster.name), { recursive: true, force: true });
  fill(etcdDir(cluster.name));
  await startControlPlane(cluster);
  await applyManifests(cluster);
  for (const node of cluster.nodes)
    for (const part of ['kubelet', 'kube-proxy'] as const) start(nodeDaemon(node, cluster, part));
  await clusterReady(cluster);
}

/** Asks etcd's JSON gateway, which listens on the loopback of the cluster's namespace only. */
async function ask<T>({ netns }: ClusterSpec, path: string, body: object): Promise<T> {
  const [url, text] = [`http://127.0.0.1:2379${path}`, JSON.stringify(body)];
  const script = `fetch(process.argv[1], { method: 'POST', body: process.argv[2] })
    .then(async (r) => { process.stdout.write(await r.text()); process.exitCode = r.ok ? 0 : 1; })`;
  return JSON.parse(await run(...inNetns(netns, process.execPath, '-e', script, url, text))) as T;
}

/** Compacts etcd's history up to now. API servers still serve what their own watch caches hold. */
export async function compactEtcd(cluster: string): Promise<void> {
  const spec = clusterNamed(cluster);
  const { header } = await ask<{ header: { revision: string } }>(spec, '/v3/kv/range', { key: 'AA==' });
  await ask(spec, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

/** Makes every resourceVersion handed out so far too old to watch from: 410 Gone. */
export async function expireWatches(cluster: string): Promise<void> {
  await compactEtcd(cluster);
  await restartComponent(cluster, 'kube-apiserver');
}
