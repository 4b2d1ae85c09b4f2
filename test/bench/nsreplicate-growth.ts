/**
 * How cost grows: a watch in a process of its own, by replicas and by objects; one run a cell, by hand. Smaller cells, to
 * try it: `X8S_BENCH_REPLICAS=1,2 X8S_BENCH_OBJECTS=100,500 npm run bench -- nsreplicate growth`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { configMaps, pathOf } from '../../src/kube/api/resources.ts';
import type { Running } from '../cluster/support/process.ts';
import { each, type Sides } from '../cluster/support/replication.ts';
import { eventuallySees } from '../support/eventually.ts';
import { type Cell, measurementsOf } from './growth-table.ts';
import type { Measurement } from './measurement.ts';
import { addressOf, cpuMs, endOf, memoryMiB, requestsOf, startNsreplicate } from './nsreplicate-process.ts';
import { makePlaces, object, onServers, text } from './nsreplicate-servers.ts';

const NAMESPACES = 20;
/** Each of them changes another object. */
const CHANGES = { most: 1000, perSecond: 50 };
/** Collections of garbage, and the writes of states, come to rest. */
const REST_MS = 5000;
const ARRIVE_MS = 600_000;
const changed = 'bench-changed';

const numbers = (name: string, otherwise: readonly number[]): readonly number[] =>
  process.env[name]?.split(',').map(Number) ?? otherwise;

/** Measures every cell of the table, and tells of each on stderr as soon as it is done. */
export async function measureGrowth(
  replicas = numbers('X8S_BENCH_REPLICAS', [1, 2, 4]),
  objects = numbers('X8S_BENCH_OBJECTS', [1000, 5000, 20_000]),
): Promise<Measurement[]> {
  const cells: Cell[] = [];
  // The first start of a program costs more than those that follow: nobody counts it.
  await measureCell(Math.min(...replicas), Math.min(...objects));
  for (const row of replicas)
    for (const column of objects) {
      const cell = await measureCell(row, column);
      process.stderr.write(`${JSON.stringify(cell)}\n`);
      cells.push(cell);
    }
  return measurementsOf(cells);
}

interface Spent {
  readonly requests: number;
  readonly cpuMs: number;
}

const less = (a: Spent, b: Spent): Spent => ({ requests: a.requests - b.requests, cpuMs: a.cpuMs - b.cpuMs });

function measureCell(replicas: number, objects: number): Promise<Cell> {
  const names = Array.from({ length: replicas }, (_, index) => `replica-${index}`);
  return onServers(
    async (sides, kubeconfigs) => {
      const places = await makePlaces(sides, 'grow', NAMESPACES, []);
      const begin = () => startWatch(kubeconfigs);
      const empty = await withWatch(begin, async (spent) => spent());
      const had = await Promise.all(sides.replicas.map(({ kube }) => countOf(kube)));
      const created = Array.from({ length: objects }, (_, index) =>
        object(places[index % NAMESPACES] ?? '', index * 2),
      );
      await each(created, 32, (one) => sides.primary.kube.create(configMaps, one));
      return withWatch(begin, async (spent, running) => {
        for (const [index, { kube }] of sides.replicas.entries())
          await eventuallySees(
            () => countOf(kube),
            (count) => count >= (had[index] ?? 0) + objects,
            ARRIVE_MS,
          );
        const copied = await spent();
        const changes = await change(sides, created.slice(0, CHANGES.most));
        const over = less(await spent(), copied);
        const first = less(copied, empty);
        return {
          replicas,
          objects,
          changes,
          first,
          change: over,
          mib: memoryMiB(running.child.pid, 'VmHWM'),
        };
      });
    },
    { replicas: names },
  );
}

function startWatch([from = '', ...to]: readonly string[]): Running {
  const task = ['--primary', from, ...to.flatMap((file) => ['--replica', file]), '--name', 'grow'];
  const listen = ['--listen', '127.0.0.1:0', '--metrics-auth', 'none'];
  return startNsreplicate([
    'watch',
    ...task,
    '--sync-namespaces',
    'grow-*',
    '--kinds',
    'configmaps',
    ...listen,
  ]);
}

/** Works beside a watch that has compared everything; `spent` is what it cost so far, once it rests. */
async function withWatch<T>(
  begin: () => Running,
  work: (spent: () => Promise<Spent>, running: Running) => Promise<T>,
): Promise<T> {
  const running = begin();
  try {
    const url = await addressOf(running);
    await running.saw('compared');
    const spent = async () => {
      await sleep(REST_MS);
      return { requests: await requestsOf(url), cpuMs: cpuMs(running.child.pid) };
    };
    return await work(spent, running);
  } finally {
    await endOf(running);
  }
}

/** How many ConfigMaps a server has, in all namespaces, by a page of one. */
async function countOf(kube: KubeClient): Promise<number> {
  const { items, metadata } = await kube.request<{
    readonly items: readonly unknown[];
    readonly metadata: { readonly remainingItemCount?: number };
  }>({ method: 'GET', path: pathOf(configMaps, {}), query: { limit: 1 } });
  return items.length + (metadata.remainingItemCount ?? 0);
}

/** Changes objects at a pace, and resolves with their number when all changes are on every replica. */
async function change(
  { primary, replicas }: Sides,
  objects: readonly { readonly metadata: { readonly name: string; readonly namespace?: string } }[],
): Promise<number> {
  const patch = { metadata: { labels: { [changed]: 'yes' } }, data: { value: text(0) } };
  const since = performance.now();
  const sent: Promise<unknown>[] = [];
  for (const [index, { metadata }] of objects.entries()) {
    const due = since + (index * 1000) / CHANGES.perSecond - performance.now();
    if (due > 0) await sleep(due);
    sent.push(primary.kube.patch(configMaps, metadata, patch, { type: 'merge' }));
  }
  await Promise.all(sent);
  const options = { labelSelector: changed, metadataOnly: true };
  for (const { kube } of replicas)
    await eventuallySees(
      async () => (await kube.list(configMaps, options)).items.length,
      (count) => count === objects.length,
      ARRIVE_MS,
    );
  return objects.length;
}
