/** Taking the lab away, whatever state it is in. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { cacheDir, stateDir } from './config.ts';
import { allProcesses, removeGroups, signal } from './groups.ts';
import { restoreHost } from './host.ts';
import { removeNetwork } from './network.ts';
import { attempt, run } from './shell.ts';
import { removeStrays, shimSockets } from './strays.ts';

async function endProcesses(): Promise<void> {
  await eventually(() => {
    const left = allProcesses();
    signal(left, 'SIGKILL');
    assert(left.length === 0, `processes of the lab did not end: ${left.join(', ')}`);
  }, 30_000);
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

/** Detaches the loop devices over files at this path or below it. */
export async function detachLoops(path: string): Promise<void> {
  const list = await run('losetup', ['--list', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE']);
  const loops = list.split('\n').map((line) => line.split(' '));
  const ours = loops.filter(([, file = '']) => file === path || file.startsWith(`${path}/`));
  for (const [name = ''] of ours) await attempt('losetup', ['--detach', name]);
}

/** Ends all processes and removes mounts, namespaces, the bridge, control groups and files. The cache stays. */
export async function takeDown(): Promise<void> {
  const sockets = shimSockets();
  await endProcesses();
  await unmountBelow(stateDir);
  await detachLoops(stateDir);
  await removeNetwork();
  await restoreHost();
  removeGroups();
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
  await removeStrays(sockets);
}

/** Removes the cache too, which is otherwise kept between runs. */
export function purgeCache(): void {
  rmSync(cacheDir, { recursive: true, force: true });
}
