/** Taking the lab away, whatever state it is in. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, stateDir } from './config.ts';
import { allProcesses, removeGroups, signal } from './groups.ts';
import { removeNetwork } from './network.ts';
import { attempt, until } from './shell.ts';

async function endProcesses(): Promise<void> {
  await until('all processes of the lab end', 30_000, async () => {
    const left = allProcesses();
    signal(left, 'SIGKILL');
    return left.length === 0 ? true : undefined;
  });
}

function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`));
}

/** Unmounts everything below a folder, the newest first. */
export async function unmountBelow(folder: string): Promise<void> {
  for (let left = mountsBelow(folder), round = 0; left.length > 0; left = mountsBelow(folder), round++) {
    if (round > 20) throw new Error(`these can't be unmounted: ${left.join(', ')}`);
    // Lazily: a process that is still ending must not hold up the rest.
    await attempt('umount', ['--lazy', '--no-canonicalize', ...left.reverse()]);
  }
}

/** What the CNI plugins and containerd leave outside of the lab's folders. */
function removeStrays(): void {
  const results = '/var/lib/cni/results';
  const names = existsSync(results) ? readdirSync(results) : [];
  for (const name of names.filter((n) => n.startsWith('x8s-'))) {
    const [, sandbox] = /^x8s-\w+-([0-9a-f]+)-/.exec(name) ?? [];
    rmSync(join(results, name));
    rmSync(join(results, `cni-loopback-${sandbox}-lo`), { force: true });
  }
  for (const folder of [results, '/var/lib/cni', '/run/containerd/s', '/run/containerd'])
    try {
      rmdirSync(folder); // Only where no one else has anything in it.
    } catch {}
}

/** Removes the sockets of this lab's shims, which containerd keeps in a folder that all containerds share. */
function removeShimSockets(): void {
  const folder = '/run/containerd/s';
  if (!existsSync(folder)) return;
  const open = readFileSync('/proc/net/unix', 'utf8');
  for (const name of readdirSync(folder))
    if (!open.includes(name)) rmSync(join(folder, name), { force: true });
}

/** Ends all processes and removes mounts, namespaces, the bridge, control groups and files. The cache stays. */
export async function takeDown(): Promise<void> {
  await endProcesses();
  await unmountBelow(stateDir);
  await removeNetwork();
  removeGroups();
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
  removeShimSockets();
  removeStrays();
}

/** Removes what is kept between runs too. */
export function purgeCache(): void {
  rmSync(cacheDir, { recursive: true, force: true });
}
