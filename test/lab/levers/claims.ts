/** Work in a claim's folder, as a pod that mounts the claim would do it: with no pod. */
import { eventually } from '../../support/eventually.ts';
import { clusterNamed } from '../config.ts';
import { Api } from '../kube.ts';
import { run } from '../shell.ts';
import { type ClaimRef, pathOfClaim } from './nodes.ts';

const nodeAnnotation = 'volume.kubernetes.io/selected-node';

/** As much of a claim as is looked at. */
interface Claim {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly volumeName?: string };
}

/**
 * Binds a claim of one of the lab's classes that waits for its first pod: on the node that it names, as the scheduler
 * does it, or else on the cluster's first one.
 */
async function bind({ cluster, namespace, claim }: ClaimRef): Promise<void> {
  const { name, nodes } = clusterNamed(cluster);
  const api = new Api(name);
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim}`;
  try {
    const { metadata, spec } = await api.get<Claim>(path);
    if (spec.volumeName) return;
    const { [nodeAnnotation]: node = nodes[0]?.name } = metadata.annotations ?? {};
    await api.patch(path, { metadata: { annotations: { [nodeAnnotation]: node } } });
    await eventually(async () => {
      const { status } = await api.get<{ status?: { phase?: string } }>(path);
      if (status?.phase !== 'Bound') throw new Error(`${namespace}/${claim} is ${status?.phase}`);
    });
  } finally {
    api.close();
  }
}

/** A root directory with this machine's programs, and the folder $1 at /data, that only the script $2 sees. */
const inRoot = `set -eu
mount -t tmpfs none /mnt
cd /mnt
mkdir data usr etc proc dev tmp
for part in usr etc proc dev; do mount --rbind /$part $part; done
ln -s usr/bin usr/sbin usr/lib usr/lib64 .
mount --bind "$1" data
exec chroot . bash -euc "$2"`;

/** Runs a shell script as root with the claim's files at /data; resolves with what it printed. */
export async function runInClaim(ref: ClaimRef, script: string): Promise<string> {
  await bind(ref);
  return run('unshare', ['--mount', 'bash', '-c', inRoot, 'bash', await pathOfClaim(ref), script]);
}
