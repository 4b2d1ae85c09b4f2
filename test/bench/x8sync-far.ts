/** x8sync over a line of 80 ms, beside plain rsync over the same line, and beside what its pods alone take. */
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { Scene } from '../cluster/support/scene.ts';
import { restoreLink, setLink } from '../lab/index.ts';
import { barePods } from './bare-pods.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';
import { big, emptyTarget, type Load, runs, seconds, small, someMoment, x8sync } from './x8sync-load.ts';

/** Each way, in milliseconds. */
const delay = 40;

/** A load, and the part of plain rsync's time that x8sync may take beside its pods. */
const rows: readonly (readonly [load: Load, share: number])[] = [
  [small, 0.5],
  [big, 0.3],
];

interface Samples {
  readonly plain: number[];
  readonly bare: number[];
  readonly x8sync: number[];
}

async function measureLoad(load: Load): Promise<Samples> {
  const scene = await Scene.open('bench-far');
  const samples: Samples = { plain: [], bare: [], x8sync: [] };
  try {
    const claim = { size: load.size, storageClass: 'tmpfs' };
    await scene.claim(contextA, 'data', claim);
    await Promise.all(['data', 'plain'].map((name) => scene.claim(contextB, name, claim)));
    await scene.shell(contextA, 'data', load.fill);
    await setLink({ delay });
    const plain = await PlainRsync.open(scene, 'data', 'plain');
    for (let turn = 0; turn < runs; turn++) {
      samples.plain.push(await plain.copy());
      await plain.empty();
      samples.bare.push(await seconds(() => barePods(scene, 'data')));
      await someMoment();
      samples.x8sync.push(await seconds(() => x8sync(scene, 'data')));
      await emptyTarget(scene);
    }
  } finally {
    await restoreLink();
    await scene.close();
  }
  return samples;
}

/** At most that share of plain rsync's time, and 1.3 times what bare pods take. */
function measurementsOf({ name }: Load, share: number, { plain, bare, x8sync }: Samples): Measurement[] {
  const baseline = `plain rsync, ${name}, 80 ms`;
  const atMost = Number((share * median(plain) + 1.3 * median(bare)).toFixed(2));
  return [
    { name: baseline, unit: 's', samples: plain },
    { name: `bare pods, ${name}`, unit: 's', samples: bare },
    { name: `x8sync, ${name}, 80 ms`, unit: 's', samples: x8sync, baseline, limit: { atMost } },
  ];
}

export async function measureFar(): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (const [load, share] of rows) all.push(...measurementsOf(load, share, await measureLoad(load)));
  return all;
}
