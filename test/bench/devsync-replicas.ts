/**
 * devsync with three replicas of one node beside one, in turn: the first sync, and a save until all of them have it. By
 * the launcher that works by itself, and by the node's agent.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { packagePlugins } from '../../scripts/package.ts';
import { pods } from '../../src/kube/api/resources.ts';
import { contextA } from '../cluster/support/contexts.ts';
import { kubectl, plugin } from '../cluster/support/kubectl.ts';
import { noAgents, uninstall } from '../cluster/support/node-agents.ts';
import { ensureUp } from '../lab/index.ts';
import { Bench, filesEach, folders, pause } from './devsync-place.ts';
import { type Measurement, median } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 3);
const saves = 100;
const replicas = 3;

type Launcher = 'auto' | 'node-agent';

/** Milliseconds from a save to its presence in all of the folders. */
async function saveToAll(from: string, to: readonly string[]): Promise<number> {
  const path = `d${Math.floor(Math.random() * folders)}/f${Math.floor(Math.random() * filesEach)}`;
  const data = randomBytes(3000);
  writeFileSync(join(from, `${path}.tmp`), data);
  const begun = performance.now();
  renameSync(join(from, `${path}.tmp`), join(from, path));
  const has = (folder: string) =>
    existsSync(join(folder, path)) && readFileSync(join(folder, path)).equals(data);
  while (!to.every(has)) {
    if (performance.now() - begun > 10_000) throw new Error(`${path} did not arrive within 10 s`);
    await pause(1);
  }
  return performance.now() - begun;
}

/** One after the other on the same node: its processors are shared by all that is compared. */
class Series {
  readonly attach: number[] = [];
  readonly first: number[] = [];
  readonly saves: number[] = [];
  readonly #bench: Bench;
  readonly #launcher: Launcher;
  readonly #count: number;

  constructor(bench: Bench, launcher: Launcher, count: number) {
    this.#bench = bench;
    this.#launcher = launcher;
    this.#count = count;
  }

  async run(number: number): Promise<void> {
    const name = `${this.#launcher}-${this.#count}-${number}`;
    const names = Array.from({ length: this.#count }, (_, index) => `${name}-${index}`);
    const bench = this.#bench;
    const node = await nodeOf(bench);
    const remotes: string[] = [];
    for (const one of names) remotes.push(await bench.pod(one, { labels: { app: name }, node }));
    rmSync(join(bench.base, 'state', 'kept'), { recursive: true, force: true });
    const target =
      this.#count === 1
        ? { pod: names[0] }
        : ({ selector: `app=${name}`, container: 'app', everyPod: true } as const);
    const { attach, sync } = await bench.start(name, { target, launcher: this.#launcher }, this.#count);
    this.attach.push(attach);
    this.first.push(sync);
    for (let save = 0; save < saves; save++) {
      this.saves.push(await saveToAll(bench.local, remotes));
      await pause(20);
    }
    await bench.stop();
    await kubectl(contextA, ['-n', bench.namespace, 'delete', 'pod', ...names, '--now']);
  }
}

let chosen: string | undefined;

/** The node that all pods are on. */
async function nodeOf(bench: Bench): Promise<string> {
  if (chosen !== undefined) return chosen;
  await bench.pod('first');
  const [pod] = (await bench.kube.list(pods, { namespace: bench.namespace })).items;
  await kubectl(contextA, ['-n', bench.namespace, 'delete', 'pod', 'first', '--now']);
  chosen = pod?.spec.nodeName ?? '';
  return chosen;
}

export async function measureReplicas(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  return await measureWithAgents();
}

/** With what is built and runs already. */
export async function measureWithAgents(): Promise<Measurement[]> {
  const bench = await Bench.open();
  try {
    await noAgents(bench.kube);
    const init = await plugin('devsync', [
      ...['init', '--node-agent', '-n', bench.namespace, '--context', contextA],
    ]);
    if (init.code !== 0) throw new Error(`kubectl devsync init ended with ${init.code}: ${init.stderr}`);
    bench.fill();
    const auto = await compare(bench, 'auto', 2.2);
    const byAgent = await compare(bench, 'node-agent', 1.6);
    return [...auto.measurements, ...byAgent.measurements, ...besideOthers(byAgent.one, auto.one)];
  } finally {
    await bench.close();
    await uninstall();
  }
}

/** @param most times what one replica takes, for the first sync of all. */
async function compare(bench: Bench, launcher: Launcher, most: number) {
  const [one, all] = [new Series(bench, launcher, 1), new Series(bench, launcher, replicas)];
  for (let number = 0; number < runs; number++) {
    await one.run(number);
    await all.run(number);
  }
  const by = launcher === 'auto' ? '' : `, by ${launcher}`;
  const baseline = `first sync of one${by}`;
  const middle = [...one.first].sort((a, b) => a - b)[Math.floor(one.first.length / 2)] ?? 0;
  const measurements: Measurement[] = [
    { name: baseline, unit: 's', samples: one.first },
    {
      name: `first sync of three replicas${by}`,
      unit: 's',
      samples: all.first,
      baseline,
      limit: { atMost: most * middle },
    },
    { name: `a save to one${by}, median`, unit: 'ms', samples: one.saves },
    { name: `a save to all three${by}, median`, unit: 'ms', samples: all.saves, limit: { atMost: 25 } },
  ];
  return { one, measurements };
}

/** How far a save by the node's agent may be above one by the launcher that works by itself, and be called the same. */
const same = 1.25;

/** One replica by the node's agent, beside one by the launcher that works by itself. */
function besideOthers(byAgent: Series, auto: Series): Measurement[] {
  return [
    { name: 'attach, by node-agent', unit: 's', samples: byAgent.attach, limit: { atMost: 1 } },
    {
      name: 'a save to one, by node-agent, beside auto',
      unit: 'ms',
      samples: byAgent.saves,
      baseline: 'a save to one, median',
      limit: { atMost: same * median(auto.saves) },
    },
  ];
}
