/**
 * A watch in a process of its own, beside one that only watches: what it keeps in memory, and what it does when there is
 * nothing to do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps, secrets } from '../../src/kube/api/resources.ts';
import type { Running } from '../cluster/support/process.ts';
import { each, type Sides } from '../cluster/support/replication.ts';
import type { Measurement } from './measurement.ts';
import { cpuMs, endOf, memoryMiB, startBareWatch, startNsreplicate } from './nsreplicate-process.ts';
import { makePlaces, object, onServers } from './nsreplicate-servers.ts';

const MANY = 25_000;
const NAMESPACES = 20;
/** Collections of garbage, and the writes of states, come to rest. */
const REST_MS = 15_000;
const IDLE_MS = 60_000;

export function measureIdle(many = MANY): Promise<Measurement[]> {
  return onServers(
    async (sides, [from = '', to = '']) => {
      const places = await makePlaces(sides, 'many', NAMESPACES, []);
      const objects = Array.from({ length: many }, (_, index) =>
        object(places[index % NAMESPACES] ?? '', index * 2 + 1),
      );
      await each(objects, 32, (one) => sides.primary.kube.create(secrets, one));
      const task = ['--primary', from, '--replica', to, '--name', 'idle', '--sync-namespaces', 'many-*'];
      const ours = await idlenessOf(
        startNsreplicate(['watch', ...task, '--kinds', 'secret']),
        'compared',
        sides,
      );
      // By now both sides have the same objects.
      const bare = await idlenessOf(startBareWatch([from, to]), 'listed', sides);
      return [
        { name: `bare watch of ${many} Secrets on two servers, resident`, unit: 'MiB', samples: [bare.mib] },
        { name: 'watch of nsreplicate, the same', unit: 'MiB', samples: [ours.mib] },
        {
          name: 'memory by the bare watch',
          unit: '×',
          samples: [ours.mib / bare.mib],
          limit: { atMost: 1 },
        },
        { name: 'bare watch, idle for a minute, of a core', unit: '%', samples: [bare.cpuPercent] },
        { name: 'watch of nsreplicate, the same', unit: '%', samples: [ours.cpuPercent] },
        {
          name: 'idle by the bare watch',
          unit: '×',
          samples: [ours.cpuPercent / bare.cpuPercent],
          limit: { atMost: 2 },
        },
        {
          name: 'idle for a minute, writes but the Lease’s',
          unit: 'writes',
          samples: [ours.writes],
          limit: { atMost: 0 },
        },
      ];
    },
    { replicas: ['one'] },
  );
}

interface Idleness {
  readonly mib: number;
  readonly cpuPercent: number;
  /** Changes of the task's own objects, its Lease excepted. */
  readonly writes: number;
}

/** Waits until a program has said that it has everything, and has come to rest, and looks at it for a minute. */
async function idlenessOf(running: Running, text: string, sides: Sides): Promise<Idleness> {
  const { pid } = running.child;
  try {
    await running.saw(text);
    await sleep(REST_MS);
    const before = { cpu: cpuMs(pid), versions: await versions(sides) };
    await sleep(IDLE_MS);
    const after = { cpu: cpuMs(pid), versions: await versions(sides) };
    const writes = after.versions.filter((version, index) => version !== before.versions[index]).length;
    return { mib: memoryMiB(pid, 'VmRSS'), cpuPercent: ((after.cpu - before.cpu) / IDLE_MS) * 100, writes };
  } finally {
    await endOf(running);
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
