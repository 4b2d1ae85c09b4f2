/**
 * nsreplicate beside a bare loop (watch, then server-side apply over a pool, no bookkeeping), on API servers of
 * its own with their etcd in memory: a primary and two replicas, client and servers on the same cores.
 */

import { systemClock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, pathOf, type Resource, secrets } from '../../src/kube/api/resources.ts';
import { listWatch } from '../../src/kube/watch/watch.ts';
import { each, once, type Sides, specOf, watch } from '../cluster/support/replication.ts';
import { eventuallySees } from '../support/eventually.ts';
import { type Measurement, median, percentile } from './measurement.ts';
import { bareLists, makePlaces, object, only, onServers, secondsOf, text } from './nsreplicate-servers.ts';

const OBJECTS = 5000;
const NAMESPACES = 20;
const RUNS = 5;
export const WORKERS = 16;
const PACED = { perSecond: 100, seconds: 10 };
const UNPACED = 3000;

const resourceOf = ({ kind }: KubeObject): Resource => (kind === 'Secret' ? secrets : configMaps);

const writes = (count: number, since: number) => count / ((performance.now() - since) / 1000);

/** Applies what the primary has to both replicas, under other namespaces, and does nothing else. */
async function bareCopy({ primary, replicas }: Sides, prefix: string, copies = 'bare'): Promise<number> {
  const since = performance.now();
  const lists = await Promise.all(
    [secrets, configMaps].map((resource) => primary.kube.list<KubeObject>(resource)),
  );
  const all = lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => metadata.namespace?.startsWith(`${prefix}-`));
  await Promise.all(
    replicas.map(({ kube }) => each(all, WORKERS, (original) => bareApply(kube, original, copies))),
  );
  return writes(all.length * replicas.length, since);
}

function bareApply(
  kube: KubeClient,
  { apiVersion, kind, metadata, data, type }: KubeObject,
  copies = 'bare',
): Promise<unknown> {
  const { name, namespace = '' } = metadata;
  const copy = {
    apiVersion,
    kind,
    metadata: { name, namespace: `${copies}-${namespace}` },
    data,
    ...(type ? { type } : {}),
  };
  return kube.apply(resourceOf(copy as KubeObject), copy as KubeObject, {
    fieldManager: 'bare',
    force: true,
  });
}

interface OnceRun {
  /** The harmonic mean of a run before and one after. */
  readonly bare: number;
  readonly ours: number;
  /** Seconds of a second comparison, and of the bare lists of all three servers. */
  readonly again: number;
  readonly lists: number;
}

/** Takes away what the bare loop made: ours would have to list it, which the bare loop does not. */
async function clear({ replicas }: Sides, places: readonly string[], copies: string): Promise<void> {
  for (const { kube } of replicas)
    for (const resource of [secrets, configMaps])
      await each(places, 8, (place) =>
        kube.request({ method: 'DELETE', path: pathOf(resource, { namespace: `${copies}-${place}` }) }),
      );
}

/** Servers, and both loops, are slow at first. */
async function warmUp(sides: Sides): Promise<void> {
  const places = await makePlaces(sides, 'warm', 1);
  const some = Array.from({ length: 500 }, (_, index) => object(places[0] ?? '', index));
  await each(some, 32, (one) => sides.primary.kube.create(resourceOf(one), one));
  await bareCopy(sides, 'warm');
  await once(sides, specOf({ name: 'warm', namespaces: only('warm'), workers: WORKERS }));
}

async function runOnce(sides: Sides): Promise<OnceRun> {
  const prefix = 'once';
  const places = await makePlaces(sides, prefix, NAMESPACES, ['before', 'after']);
  const objects = Array.from({ length: OBJECTS }, (_, index) =>
    object(places[index % NAMESPACES] ?? '', index),
  );
  await each(objects, 32, (one) => sides.primary.kube.create(resourceOf(one), one));
  const spec = specOf({ name: prefix, namespaces: only(prefix), workers: WORKERS });
  await warmUp(sides);
  // Between two bare loops: servers change their pace as they fill.
  const before = await bareCopy(sides, prefix, 'before');
  await clear(sides, places, 'before');
  const since = performance.now();
  await once(sides, spec);
  const ours = writes(OBJECTS * sides.replicas.length, since);
  const again = await secondsOf(() => once(sides, spec));
  const lists = await secondsOf(() => bareLists(sides, [secrets, configMaps]));
  const after = await bareCopy(sides, prefix, 'after');
  return { ours, again, lists, bare: 2 / (1 / before + 1 / after) };
}

/** `--once` beside the bare loop, so many times. */
export async function measureOnce(rounds = RUNS): Promise<Measurement[]> {
  const runs: OnceRun[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await onServers(runOnce));
  const ratios = runs.map(({ bare, ours }) => ours / bare);
  return [
    {
      name: `bare loop, ${OBJECTS} objects to two replicas`,
      unit: 'writes/s',
      samples: runs.map(({ bare }) => bare),
    },
    { name: '--once, the same', unit: 'writes/s', samples: runs.map(({ ours }) => ours) },
    { name: '--once by the bare loop, run by run', unit: '×', samples: ratios, limit: { atLeast: 0.9 } },
    {
      name: 'bare paged lists of the same on three servers',
      unit: 's',
      samples: runs.map(({ lists }) => lists),
    },
    { name: '--once again, nothing changed', unit: 's', samples: runs.map(({ again }) => again) },
    {
      name: '--once again by the bare lists, run by run',
      unit: '×',
      samples: runs.map(({ again, lists }) => again / lists),
      limit: { atMost: 2 },
    },
  ];
}

/** Milliseconds from the write on the primary to the event on a replica, by name and value. */
class Lags {
  readonly #written = new Map<string, number>();
  readonly samples: number[] = [];

  written(name: string, value: string): void {
    this.#written.set(`${name}=${value}`, performance.now());
  }

  seen({ metadata, data }: KubeObject): void {
    const since = this.#written.get(`${metadata.name}=${(data as { value?: string })?.value}`);
    if (since !== undefined) this.samples.push(performance.now() - since);
  }
}

interface Loop {
  readonly stop: () => Promise<void>;
}

/** The bare loop for one replica: the newest of each object, by a pool. */
function bareLoop({ primary, replicas }: Sides, namespace: string): Loop {
  const ended = new AbortController();
  const newest = new Map<string, KubeObject>();
  const waiting: string[] = [];
  let working = 0;
  const kube = replicas[0]?.kube as KubeClient;
  const go = async () => {
    if (working >= WORKERS) return;
    working++;
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const one = newest.get(name);
      newest.delete(name);
      if (one) await bareApply(kube, one);
    }
    working--;
  };
  const take = (one: KubeObject) => {
    if (!newest.has(one.metadata.name)) waiting.push(one.metadata.name);
    newest.set(one.metadata.name, one);
    void go();
  };
  const over = listWatch(
    primary.kube,
    configMaps,
    { namespace },
    { replaced: (items) => items.forEach(take), event: (_type, one) => take(one) },
    ended.signal,
  ).catch(() => undefined);
  return {
    stop: async () => {
      ended.abort();
      await over;
    },
  };
}

/** Follows a namespace of a replica while work is done. */
async function observing<T>(
  kube: KubeClient,
  namespace: string,
  lags: Lags,
  work: () => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const ready = Promise.withResolvers<void>();
  const over = listWatch(
    kube,
    configMaps,
    { namespace },
    { replaced: () => ready.resolve(), event: (_type, one) => lags.seen(one) },
    ended.signal,
  ).catch(() => undefined);
  await ready.promise;
  const result = await work();
  ended.abort();
  await over;
  return result;
}

const apply = (kube: KubeClient, namespace: string, name: string, value: string) =>
  kube.apply(
    configMaps,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { value, filling: text(0) } },
    { fieldManager: 'bench', force: true },
  );

/** Changes at a pace, then as many as can be done; lags in ms, and changes a second that arrived. */
export async function drive(
  sides: Sides,
  namespace: string,
  there: string,
): Promise<{ lags: number[]; perSecond: number }> {
  const { kube } = sides.primary;
  const replica = sides.replicas[0]?.kube as KubeClient;
  const paced = new Lags();
  await observing(replica, there, paced, async () => {
    const total = PACED.perSecond * PACED.seconds;
    const since = performance.now();
    const sent: Promise<unknown>[] = [];
    for (let index = 0; index < total; index++) {
      const due = since + (index * 1000) / PACED.perSecond - performance.now();
      if (due > 0) await systemClock.sleep(due);
      const [name, value] = [`o-${index % 200}`, `paced-${index}`];
      paced.written(name, value);
      sent.push(apply(kube, namespace, name, value));
    }
    await Promise.all(sent);
    await systemClock.sleep(1000);
  });
  const since = performance.now();
  const names = Array.from({ length: UNPACED }, (_, index) => `u-${index}`);
  await each(names, 32, (name) => apply(kube, namespace, name, 'last'));
  const arrived = async () =>
    (await replica.list(configMaps, { namespace: there, metadataOnly: true })).items.filter(({ metadata }) =>
      metadata.name.startsWith('u-'),
    ).length;
  await eventuallySees(arrived, (count) => count === UNPACED, 120_000);
  return { lags: paced.samples, perSecond: writes(UNPACED, since) };
}

export type Driven = Awaited<ReturnType<typeof drive>>;

/** The same load for each of the two. */
const driveOne = {
  async bare(sides: Sides, name: string): Promise<Driven> {
    await makePlaces(sides, name, 1);
    const loop = bareLoop(sides, `${name}-0`);
    const driven = await drive(sides, `${name}-0`, `bare-${name}-0`);
    await loop.stop();
    return driven;
  },
  async ours(sides: Sides, name: string): Promise<Driven> {
    await makePlaces(sides, name, 1);
    const namespaces = { ...only(name), include: [`${name}-0`] };
    const watching = await watch(sides, specOf({ name, namespaces, workers: WORKERS }));
    const driven = await drive(sides, `${name}-0`, `${name}-0`);
    await watching.stop();
    return driven;
  },
};

/** A watch beside the bare loop, so many times in turns. */
export async function measureWatch(sides: Sides, rounds = RUNS): Promise<Measurement[]> {
  const one = { primary: sides.primary, replicas: sides.replicas.slice(0, 1) };
  const found = { bare: [] as Driven[], ours: [] as Driven[] };
  for (let round = 0; round < rounds; round++) {
    // In turns: what is there already makes the second one slower.
    const turns = round % 2 === 0 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const);
    for (const turn of turns) found[turn].push(await driveOne[turn](one, `w${turn}${round}`));
  }
  const part = (runs: readonly { lags: number[] }[], percent: number) =>
    runs.map(({ lags }) => percentile(lags, percent));
  const speeds = found.ours.map(({ perSecond }, index) => perSecond / (found.bare[index]?.perSecond ?? 1));
  const [bare50, bare99] = [part(found.bare, 50), part(found.bare, 99)];
  return [
    { name: 'bare loop, 100 changes/s, lag p50', unit: 'ms', samples: bare50 },
    {
      name: 'watch, 100 changes/s, lag p50',
      unit: 'ms',
      samples: part(found.ours, 50),
      limit: { atMost: 1.25 * median(bare50) + 1 },
    },
    { name: 'bare loop, 100 changes/s, lag p99', unit: 'ms', samples: bare99 },
    {
      name: 'watch, 100 changes/s, lag p99',
      unit: 'ms',
      samples: part(found.ours, 99),
      limit: { atMost: 1.5 * median(bare99) },
    },
    {
      name: 'bare loop, as many as it can',
      unit: 'changes/s',
      samples: found.bare.map(({ perSecond }) => perSecond),
    },
    {
      name: 'watch, as many as it can',
      unit: 'changes/s',
      samples: found.ours.map(({ perSecond }) => perSecond),
    },
    { name: 'watch by the bare loop, run by run', unit: '×', samples: speeds, limit: { atLeast: 0.9 } },
  ];
}

/** Rows that run only where they are named. */
export const byHand: readonly string[] = ['growth'];

/** The rows of this suite: each runs alone, on servers of its own. */
export const rows: Readonly<Record<string, () => Promise<Measurement[]>>> = {
  once: () => measureOnce(),
  watch: () => onServers((sides) => measureWatch(sides)),
  idle: async () => (await import('./nsreplicate-idle.ts')).measureIdle(),
  listen: async () => (await import('./nsreplicate-listen.ts')).measureListen(),
  unchanged: async () => (await import('./nsreplicate-unchanged.ts')).measureUnchanged(),
  tasks: async () => (await import('./nsreplicate-tasks.ts')).measureTasks(),
  syncer: async () => (await import('./nsreplicate-syncer.ts')).measureSyncer(),
  growth: async () => (await import('./nsreplicate-growth.ts')).measureGrowth(),
};
