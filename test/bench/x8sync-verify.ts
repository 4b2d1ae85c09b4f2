/**
 * `verify` of two claims that are the same, beside `sha256sum` of all files on both sides at once, in pods that stand
 * ready, and beside what its pods alone take.
 */
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { plugin } from '../cluster/support/kubectl.ts';
import { Scene } from '../cluster/support/scene.ts';
import { barePods } from './bare-pods.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';
import { big, type Load, runs, seconds, small, someMoment, x8sync } from './x8sync-load.ts';

interface Samples {
  readonly sums: number[];
  readonly bare: number[];
  readonly verify: number[];
}

async function verify(scene: Scene): Promise<void> {
  const pair = [scene.ref(contextA, 'data'), scene.ref(contextB, 'data')];
  const { code, stderr } = await plugin('x8sync', ['verify', ...pair, '-o', 'json']);
  if (code !== 0) throw new Error(`kubectl x8sync verify ended with ${code}:\n${stderr}`);
}

async function measureLoad(load: Load): Promise<Samples> {
  const scene = await Scene.open('bench-verify');
  const samples: Samples = { sums: [], bare: [], verify: [] };
  try {
    const claim = { size: load.size, storageClass: 'tmpfs' };
    await Promise.all([contextA, contextB].map((context) => scene.claim(context, 'data', claim)));
    await scene.shell(contextA, 'data', load.fill);
    await x8sync(scene, 'data');
    const plain = await PlainRsync.open(scene, 'data', 'data');
    for (let turn = 0; turn < runs; turn++) {
      samples.sums.push(await seconds(() => plain.sums()));
      samples.bare.push(await seconds(() => barePods(scene, 'data')));
      await someMoment();
      samples.verify.push(await seconds(() => verify(scene)));
    }
  } finally {
    await scene.close();
  }
  return samples;
}

/** At most 1.3 times both sums at once, and 1.3 times what bare pods take. */
function measurementsOf({ name }: Load, { sums, bare, verify }: Samples): Measurement[] {
  const baseline = `sha256sum of both sides, ${name}`;
  const atMost = Number((1.3 * median(sums) + 1.3 * median(bare)).toFixed(2));
  return [
    { name: baseline, unit: 's', samples: sums },
    { name: `bare pods, verify of ${name}`, unit: 's', samples: bare },
    { name: `x8sync verify, ${name}`, unit: 's', samples: verify, baseline, limit: { atMost } },
  ];
}

export async function measureVerify(): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (const load of [big, small]) all.push(...measurementsOf(load, await measureLoad(load)));
  return all;
}
