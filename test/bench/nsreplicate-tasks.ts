/** Fifty tasks in one process beside one task of the same objects: memory, and what is asked of API servers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps } from '../../src/kube/api/resources.ts';
import { reachable } from '../cluster/support/reachable.ts';
import { each } from '../cluster/support/replication.ts';
import type { Measurement } from './measurement.ts';
import { inSync, makeSyncer, startController } from './nsreplicate-controllers.ts';
import { addressOf, endOf, memoryMiB, requestsOf } from './nsreplicate-process.ts';
import { makePlaces, object, onServers } from './nsreplicate-servers.ts';

const TASKS = 50;
const OBJECTS = 5000;
/** Collections of garbage, and the writes of states, come to rest. */
const REST_MS = 10_000;

interface Cost {
  readonly mib: number;
  readonly requests: number;
}

export async function measureTasks(tasks = TASKS, objects = OBJECTS): Promise<Measurement[]> {
  const one = await costOf(1, tasks, objects);
  const many = await costOf(tasks, tasks, objects);
  return [
    { name: `one task of ${objects} ConfigMaps, resident`, unit: 'MiB', samples: [one.mib] },
    {
      name: `${tasks} tasks of the same by one`,
      unit: '×',
      samples: [many.mib / one.mib],
      limit: { atMost: 1.5 },
    },
    { name: 'one task, requests', unit: 'requests', samples: [one.requests] },
    {
      name: `${tasks} tasks, requests by one`,
      unit: '×',
      samples: [many.requests / one.requests],
      limit: { atMost: 1.5 },
    },
  ];
}

/** A controller that copies what is in some namespaces by so many KRMSyncers. */
const costOf = (tasks: number, spread: number, objects: number): Promise<Cost> =>
  onServers(async ({ primary, replicas }, [from = '', to = '']) => {
    const places = await makePlaces({ primary, replicas: replicas.slice(0, 1) }, 'many', spread, []);
    const all = Array.from({ length: objects }, (_, index) =>
      object(places[index % spread] ?? '', index * 2),
    );
    await each(all, 32, (one) => primary.kube.create(configMaps, one));
    const home = places[0] ?? '';
    if (tasks === 1) await makeSyncer(primary.kube, { name: 'all', home, from: places, to });
    else
      for (const place of places)
        await makeSyncer(primary.kube, { name: place, home: place, from: [place], to });
    const running = startController(from);
    try {
      const url = await addressOf(running);
      await inSync(primary.kube, 300_000);
      await sleep(REST_MS);
      return { mib: memoryMiB(running.child.pid, 'VmRSS'), requests: await requestsOf(url) };
    } finally {
      await endOf(running);
    }
  }, reachable);
