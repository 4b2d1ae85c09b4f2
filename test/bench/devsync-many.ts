/** devsync with 200,000 files: the first sync beside `tar | kubectl exec tar` in turn, saves, and what it takes at rest. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { packagePlugins } from '../../scripts/package.ts';
import { contextA } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import { ensureUp } from '../lab/index.ts';
import { Bench } from './devsync-place.ts';
import { resting } from './devsync-rest.ts';
import { saveMany, tarOver } from './devsync-saves.ts';
import { type Measurement, median } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 3);
const tree = { count: 2000, each: 100, size: 2000 };

export async function measureMany(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  const bench = await Bench.open();
  try {
    return await measureTree(bench);
  } finally {
    await bench.close();
  }
}

async function measureTree(bench: Bench): Promise<Measurement[]> {
  const remove = (pod: string) => kubectl(contextA, ['-n', bench.namespace, 'delete', 'pod', pod, '--now']);
  const [tar, first]: [number[], number[]] = [[], []];
  bench.fill(tree);
  let remote = '';
  for (let run = 0; run < runs; run++) {
    await bench.pod(`tar${run}`);
    tar.push(tarOver(bench.namespace, `tar${run}`, bench.local));
    await remove(`tar${run}`);
    rmSync(join(bench.base, 'state', 'kept'), { recursive: true, force: true });
    remote = await bench.pod(`sync${run}`);
    first.push((await bench.start(`sync${run}`)).sync);
    if (run === runs - 1) break;
    await bench.stop();
    await remove(`sync${run}`);
  }
  const saves = await saveMany(bench.local, remote);
  await bench.stop();
  await remove(`sync${runs - 1}`);
  const { here, mostHere, idleHere } = await resting(bench, 'program');
  const baseline = 'tar | kubectl exec tar, 200,000 files';
  return [
    { name: baseline, unit: 's', samples: tar },
    {
      name: 'first sync, 200,000 files',
      unit: 's',
      samples: first,
      baseline,
      limit: { atMost: median(tar) },
    },
    { name: 'a save amid 200,000 files, median', unit: 'ms', samples: saves, limit: { atMost: 25 } },
    { name: 'memory here, 200,000 files', unit: 'MiB', samples: [here], limit: { atMost: 400 } },
    { name: 'memory here at its most, 200,000 files', unit: 'MiB', samples: [mostHere] },
    { name: 'idle here, 200,000 files, of a core', unit: '%', samples: [idleHere], limit: { atMost: 1 } },
  ];
}
