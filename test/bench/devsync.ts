/**
 * devsync on the lab, tmpfs on both sides: saves, the first sync beside `tar | kubectl exec tar` in turn, a new
 * run with nothing changed, a branch switch, and what it takes while nothing happens.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePlugins } from '../../scripts/package.ts';
import { contextA } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import { ensureUp } from '../lab/index.ts';
import { measureFar } from './devsync-far.ts';
import { measureLarge } from './devsync-large.ts';
import { measureMany } from './devsync-many.ts';
import { Bench, folders, pause } from './devsync-place.ts';
import { measureReplicas } from './devsync-replicas.ts';
import { others, resting } from './devsync-rest.ts';
import { branchSwitch, makeBranches, saveMany, tarOver } from './devsync-saves.ts';
import { type Measurement, median, percentile } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 3);

async function measureTree(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  const bench = await Bench.open();
  try {
    return await measureAll(bench);
  } finally {
    await bench.close();
  }
}

async function measureAll(bench: Bench): Promise<Measurement[]> {
  const [attach, first, tar, again]: number[][] = [[], [], [], []];
  bench.fill();
  let remote = '';
  for (let run = 0; run < runs; run++) {
    await bench.pod(`tar${run}`);
    tar?.push(tarOver(bench.namespace, `tar${run}`, bench.local));
    await kubectl(contextA, ['-n', bench.namespace, 'delete', 'pod', `tar${run}`, '--now']);
    rmSync(join(bench.base, 'state', 'kept'), { recursive: true, force: true });
    remote = await bench.pod(`sync${run}`);
    const taken = await bench.start(`sync${run}`);
    attach?.push(taken.attach);
    first?.push(taken.sync);
    await bench.stop();
    again?.push((await bench.start(`sync${run}`)).all);
    if (run < runs - 1) await bench.stop();
  }
  const up = await saveMany(bench.local, remote);
  const down = await saveMany(remote, bench.local);
  await bench.stop();
  const atRest = await resting(bench, 'program');
  await bench.start(`sync${runs - 1}`, { ignore: ['*.log'] });
  let churning = true;
  const churn = (async () => {
    for (let count = 0; churning; count++) {
      writeFileSync(join(bench.local, `d${count % folders}`, 'noise.log'), `${count}`);
      await pause(2);
    }
  })();
  const noisy = await saveMany(bench.local, remote);
  churning = false;
  await churn;
  makeBranches(bench.local);
  await bench.runner.live?.synchronizer.flush();
  const branch: number[] = [];
  for (let run = 0; run < runs; run++)
    branch.push(await branchSwitch(bench.local, remote, run % 2 === 0 ? 'two' : 'one'));
  const p99 = (samples: number[]) => [percentile(samples, 99)];
  return [
    { name: 'a save, up, median', unit: 'ms', samples: up, limit: { atMost: 40 } },
    { name: 'a save, up, p99', unit: 'ms', samples: p99(up), limit: { atMost: 150 } },
    { name: 'a save, down, median', unit: 'ms', samples: down, limit: { atMost: 40 } },
    { name: 'a save, down, p99', unit: 'ms', samples: p99(down), limit: { atMost: 150 } },
    { name: 'a save amid ignored churn, median', unit: 'ms', samples: noisy, limit: { atMost: 40 } },
    { name: 'a save amid ignored churn, p99', unit: 'ms', samples: p99(noisy), limit: { atMost: 150 } },
    { name: 'tar | kubectl exec tar, 20,000 files', unit: 's', samples: tar ?? [] },
    { name: 'attach', unit: 's', samples: attach ?? [], limit: { atMost: 3 } },
    {
      name: 'first sync, 20,000 files',
      unit: 's',
      samples: first ?? [],
      baseline: 'tar | kubectl exec tar, 20,000 files',
      limit: { atMost: median(tar ?? []) },
    },
    { name: 'a new run, nothing changed', unit: 's', samples: again ?? [], limit: { atMost: 1.5 } },
    { name: 'branch switch, 3,000 files', unit: 's', samples: branch, limit: { atMost: 3 } },
    { name: 'idle here, of a core', unit: '%', samples: [atRest.idleHere], limit: { atMost: 1 } },
    {
      name: 'idle in the container, of a core',
      unit: '%',
      samples: [atRest.idleThere],
      limit: { atMost: 1 },
    },
    { name: 'memory here', unit: 'MiB', samples: [atRest.here], limit: { atMost: 150 } },
    { name: 'memory in the container', unit: 'MiB', samples: [atRest.there], limit: { atMost: 80 } },
    ...(await others(bench)),
  ];
}

/** The rows of this suite: each runs alone. */
export const rows: Readonly<Record<string, () => Promise<Measurement[]>>> = {
  tree: measureTree,
  large: measureLarge,
  replicas: measureReplicas,
  far: measureFar,
  many: measureMany,
};
