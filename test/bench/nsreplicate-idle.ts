/** A watch in a process of its own: what it keeps in memory, and what it does when there is nothing to do. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps, secrets } from '../../src/kube/resources.ts';
import type { Sides } from '../cluster/support/replication.ts';

const root = join(import.meta.dirname, '..', '..');
const IDLE_MS = 60_000;

export interface Idleness {
  readonly rssMiB: number;
  readonly cpuPercent: number;
  /** Changes of the task's own objects, its Lease excepted. */
  readonly writes: number;
}

/** Starts the plugin, waits until it has compared everything and written its state, and looks at it for a minute. */
export async function idleProcess(
  { primary, replicas }: Sides,
  [from, to]: readonly [string, string],
): Promise<Idleness> {
  const args = [
    'watch',
    '--primary',
    from,
    '--replica',
    to,
    '--name',
    'idle',
    '--sync-namespaces',
    'many-*',
    '--kinds',
    'secret',
  ];
  const binary = join(root, 'dist', `${process.platform}-${process.arch}`, 'kubectl-nsreplicate');
  const command = existsSync(binary)
    ? [binary]
    : [process.execPath, join(root, 'plugins', 'nsreplicate', 'main.ts')];
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (said: string) => said.includes('compared') && resolve());
      child.on('exit', (code) => reject(new Error(`ended with ${code}`)));
    });
    await sleep(15_000);
    const before = { cpu: cpuMs(child.pid), versions: await versions({ primary, replicas }) };
    await sleep(IDLE_MS);
    const after = { cpu: cpuMs(child.pid), versions: await versions({ primary, replicas }) };
    const writes = after.versions.filter((version, index) => version !== before.versions[index]).length;
    return { rssMiB: residentMiB(child.pid), cpuPercent: ((after.cpu - before.cpu) / IDLE_MS) * 100, writes };
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

/** Newest versions of what the task could have written. */
async function versions({ primary, replicas }: Sides): Promise<string[]> {
  const lists = await Promise.all([
    primary.kube.list(configMaps, { namespace: 'x8s-nsreplicate' }),
    ...replicas.map(({ kube }) => kube.list(secrets, { metadataOnly: true })),
  ]);
  return lists.map(({ items }) =>
    items
      .map(({ metadata }) => Number(metadata.resourceVersion))
      .reduce((a, b) => Math.max(a, b), 0)
      .toString(),
  );
}

/** User and system time, from proc(5); 100 ticks a second. */
function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What is resident now, in MiB. */
function residentMiB(pid: number | undefined): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
