/** Removes what containerd, kubelets and CNI plugins leave in folders that they share with other installations. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fastDir, stateDir } from './config.ts';
import { attempt } from './shell.ts';

const entries = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** Removes a folder and its parents up to `last`, each only where no one else has anything in it. */
function removeEmpty(folder: string, last: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return;
  }
  if (folder !== last) removeEmpty(dirname(folder), last);
}

/**
 * The sockets of the lab's shims, which are in a folder of all containerds' and have a hash for a name. Each
 * container's folder says which one is its own, so this must be asked before those are removed.
 */
export function shimSockets(): string[] {
  const running = join(fastDir, 'run');
  return entries(running).flatMap((node) => {
    const containers = join(running, node, 'state/io.containerd.runtime.v2.task/k8s.io');
    return entries(containers)
      .map((container) => join(containers, container, 'address'))
      .filter(existsSync)
      .map((file) => readFileSync(file, 'utf8').trim().replace('unix://', ''));
  });
}

/** The CNI library keeps each result by the network's name; a sandbox's loopback is told by its sandbox only. */
function removeCniResults(folder: string): void {
  for (const name of entries(folder)) {
    const [, sandbox] = /^x8s-\w+-([0-9a-f]+)-/.exec(name) ?? [];
    if (!sandbox) continue;
    rmSync(join(folder, name));
    rmSync(join(folder, `cni-loopback-${sandbox}-lo`), { force: true });
  }
}

function removeLogLinks(folder: string): void {
  for (const name of entries(folder)) {
    const link = join(folder, name);
    if (targetOf(link).startsWith(`${stateDir}/`)) rmSync(link, { force: true });
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Not a link.
  }
}

function removeKubeletSocket(folder: string): void {
  const socket = join(folder, 'kubelet.sock');
  if (!readFileSync('/proc/net/unix', 'utf8').includes(socket)) rmSync(socket, { force: true });
}

/** Removes the lab's traces from shared folders, and the folders where nothing else is in them. */
export async function removeStrays(sockets: readonly string[]): Promise<void> {
  const [shims, plugins] = ['/run/containerd/s', '/var/lib/kubelet/device-plugins'];
  const [results, logs] = ['/var/lib/cni/results', '/var/log/containers'];
  for (const socket of sockets.filter((path) => path.startsWith(`${shims}/`)))
    rmSync(socket, { force: true });
  removeKubeletSocket(plugins);
  removeCniResults(results);
  removeLogLinks(logs);
  removeEmpty(shims, '/run/containerd');
  removeEmpty(plugins, '/var/lib/kubelet');
  removeEmpty(results, '/var/lib/cni');
  removeEmpty(logs, logs);
  // `ip netns` mounts its folder onto itself when it makes the first one.
  if (existsSync('/run/netns') && entries('/run/netns').length === 0) {
    await attempt('umount', ['/run/netns']);
    removeEmpty('/run/netns', '/run/netns');
  }
}
