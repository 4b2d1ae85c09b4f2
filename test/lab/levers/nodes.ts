/** Faults of nodes and volumes: a node is drained, a volume is full. */
import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { kubectl } from '../binaries.ts';
import { clusterNamed, kubeconfigPath, nodeNamed } from '../config.ts';
import { Api } from '../kube.ts';
import { run } from '../shell.ts';

const kubectlOn = (cluster: string, ...args: readonly string[]): Promise<string> =>
  run(kubectl(), ['--kubeconfig', kubeconfigPath, '--context', cluster, ...args]);

/** Evicts all pods of a node and lets no new ones come. */
export async function drainNode(name: string): Promise<void> {
  const { cluster } = nodeNamed(name);
  const how = [
    '--ignore-daemonsets',
    '--delete-emptydir-data',
    '--force',
    '--grace-period=1',
    '--timeout=60s',
  ];
  await kubectlOn(cluster, 'drain', name, ...how);
}

/** Lets pods come to a node again. */
export async function uncordonNode(name: string): Promise<void> {
  await kubectlOn(nodeNamed(name).cluster, 'uncordon', name);
}

/** A claim of one of the clusters. */
export interface ClaimRef {
  readonly cluster: string;
  readonly namespace: string;
  readonly claim: string;
}

interface VolumeSource {
  readonly spec: {
    readonly local?: { readonly path: string };
    readonly hostPath?: { readonly path: string };
  };
}

/** The folder on this machine that holds a claim's files. */
export async function pathOfClaim({ cluster, namespace, claim }: ClaimRef): Promise<string> {
  const api = new Api(clusterNamed(cluster).name);
  try {
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim}`;
    const { spec } = await api.get<{ spec: { volumeName?: string } }>(path);
    if (!spec.volumeName) throw new Error(`${cluster}/${namespace}/${claim} is not bound`);
    const volume = await api.get<VolumeSource>(`/api/v1/persistentvolumes/${spec.volumeName}`);
    const folder = volume.spec.local?.path ?? volume.spec.hostPath?.path;
    if (!folder) throw new Error(`${spec.volumeName} is not one of the lab's volumes`);
    return folder;
  } finally {
    api.close();
  }
}

const fillFile = '.x8s-lab-fill';

/**
 * Fills a claim's volume but for `leave` bytes, or `leaveInodes` files. Only volumes with a file system of their
 * own (class tmpfs) can be filled: the others would fill the machine's disk.
 */
export async function fillClaim(
  ref: ClaimRef,
  { leave = 0, leaveInodes }: { leave?: number; leaveInodes?: number } = {},
): Promise<void> {
  const folder = await pathOfClaim(ref);
  if (statSync(folder).dev === statSync(dirname(folder)).dev)
    throw new Error(`${ref.claim} shares the machine's disk; a claim of class tmpfs can be filled`);
  const filler = join(folder, fillFile);
  mkdirSync(filler, { recursive: true });
  if (leaveInodes !== undefined) fillInodes(folder, filler, leaveInodes);
  else fillBytes(folder, filler, leave);
}

function fillInodes(folder: string, filler: string, leave: number): void {
  const count = statfsSync(folder).ffree - leave;
  if (count > 200_000)
    throw new Error(`${count} files would have to be made; give the claim lab.x8s.dev/inodes`);
  for (let i = 0; i < count; i++) writeFileSync(join(filler, `${i}`), '');
}

function fillBytes(folder: string, filler: string, leave: number): void {
  const block = Buffer.alloc(1024 ** 2);
  const file = openSync(join(filler, 'bytes'), 'a');
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(folder);
      const left = Math.min(block.length, bavail * bsize - leave);
      if (left <= 0) return;
      writeSync(file, block, 0, left);
    }
  } finally {
    closeSync(file);
  }
}

/** Removes what `fillClaim` wrote. */
export async function unfillClaim(ref: ClaimRef): Promise<void> {
  rmSync(join(await pathOfClaim(ref), fillFile), { recursive: true, force: true });
}
