/**
 * x8sync's whole command, set-up and clean-up included, beside one plain rsync over ssh between two pods that
 * stand ready: on tmpfs volumes, across the lab's clusters, in turn, so that a slow minute slows both.
 */
import { packagePlugins } from '../../scripts/package.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { Scene } from '../cluster/support/scene.ts';
import { ensureUp } from '../lab/index.ts';
import { barePods } from './bare-pods.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';
import { measureFar } from './x8sync-far.ts';
import {
  big,
  emptyTarget,
  hasPvMigrate,
  type Load,
  pvMigrate,
  runs,
  seconds,
  small,
  someMoment,
  x8sync,
} from './x8sync-load.ts';
import { measureHoles, measureMount, measurePartitions, measureRelay } from './x8sync-strategies.ts';
import { measureVerify } from './x8sync-verify.ts';

interface Samples {
  readonly x8sync: number[];
  readonly plain: number[];
  readonly plainAgain: number[];
  readonly bare: number[];
  readonly again: number[];
  readonly pvMigrate: number[];
}

async function measureLoad(load: Load): Promise<Samples> {
  const scene = await Scene.open('bench');
  const samples: Samples = { x8sync: [], plain: [], plainAgain: [], bare: [], again: [], pvMigrate: [] };
  try {
    const claim = { size: load.size, storageClass: 'tmpfs' };
    await scene.claim(contextA, 'data', claim);
    await Promise.all(['data', 'plain'].map((name) => scene.claim(contextB, name, claim)));
    await scene.shell(contextA, 'data', load.fill);
    const plain = await PlainRsync.open(scene, 'data', 'plain');
    const peer = await hasPvMigrate();
    for (let turn = 0; turn < runs; turn++) {
      samples.plain.push(await plain.copy());
      samples.plainAgain.push(await plain.copy());
      await plain.empty();
      samples.bare.push(await seconds(() => barePods(scene, 'data')));
      await someMoment();
      samples.x8sync.push(await seconds(() => x8sync(scene, 'data')));
      await someMoment();
      samples.again.push(await seconds(() => x8sync(scene, 'data')));
      await emptyTarget(scene);
      if (!peer) continue;
      samples.pvMigrate.push(await seconds(() => pvMigrate(scene)));
      await emptyTarget(scene);
    }
  } finally {
    await scene.close();
  }
  return samples;
}

/** At most 1.05 times the plain rsync, and 1.3 times what bare pods take; again, with nothing changed: as much as that. */
function measurementsOf(
  { name }: Load,
  { x8sync, plain, plainAgain, bare, again, pvMigrate }: Samples,
): Measurement[] {
  const [baseline, baselineAgain] = [`plain rsync, ${name}`, `plain rsync again, ${name}`];
  const within = (seconds: number) => ({ atMost: Number((seconds + 1.3 * median(bare)).toFixed(2)) });
  const [first, next] = [within(1.05 * median(plain)), within(median(plainAgain))];
  return [
    { name: baseline, unit: 's', samples: plain },
    { name: baselineAgain, unit: 's', samples: plainAgain },
    { name: `bare pods beside ${name}`, unit: 's', samples: bare },
    { name: `x8sync, ${name}`, unit: 's', samples: x8sync, baseline, limit: first },
    { name: `x8sync again, ${name}`, unit: 's', samples: again, baseline: baselineAgain, limit: next },
    ...(pvMigrate.length > 0
      ? [{ name: `pv-migrate, ${name}`, unit: 's', samples: pvMigrate, baseline }]
      : []),
  ];
}

/** What every row needs. */
function onLab(measure: () => Promise<Measurement[]>): () => Promise<Measurement[]> {
  return async () => {
    await packagePlugins();
    await ensureUp();
    return measure();
  };
}

const measureNear = (load: Load) => async () => measurementsOf(load, await measureLoad(load));

/** The rows of this suite: each runs alone. */
export const rows: Readonly<Record<string, () => Promise<Measurement[]>>> = {
  large: onLab(measureNear(big)),
  small: onLab(measureNear(small)),
  mount: onLab(measureMount),
  holes: onLab(measureHoles),
  relay: onLab(measureRelay),
  partitions: onLab(measurePartitions),
  far: onLab(measureFar),
  verify: onLab(measureVerify),
};
