/** A watch in a process of its own: what it keeps in memory, and what it does when there is nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps, secrets } from '../../src/kube/api/resources.ts';
import type { Sides } from '../cluster/support/replication.ts';
import { cpuMs, memoryMiB, startNsreplicate } from './nsreplicate-process.ts';

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
  const { child, saw } = startNsreplicate(args);
  try {
    await saw('compared');
    await sleep(15_000);
    const before = { cpu: cpuMs(child.pid), versions: await versions({ primary, replicas }) };
    await sleep(IDLE_MS);
    const after = { cpu: cpuMs(child.pid), versions: await versions({ primary, replicas }) };
    const writes = after.versions.filter((version, index) => version !== before.versions[index]).length;
    return {
      rssMiB: memoryMiB(child.pid, 'VmRSS'),
      cpuPercent: ((after.cpu - before.cpu) / IDLE_MS) * 100,
      writes,
    };
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
