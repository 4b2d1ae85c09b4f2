/**
 * x8sync's whole command, set-up and clean-up included, beside one plain rsync over ssh between two pods that
 * stand ready: on tmpfs volumes, across the lab's clusters, in turn, so that a slow minute slows both.
 */
import { packagePlugins } from '../../scripts/package.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { must, run } from '../cluster/support/process.ts';
import { Scene } from '../cluster/support/scene.ts';
import { ensureUp } from '../lab/index.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';
import { measureFar } from './x8sync-far.ts';
import { big, emptyTarget, type Load, runs, seconds, small, someMoment, x8sync } from './x8sync-load.ts';
import { measureVerify } from './x8sync-verify.ts';

interface Samples {
  readonly x8sync: number[];
  readonly plain: number[];
  readonly again: number[];
  readonly pvMigrate: number[];
}

async function pvMigrate(scene: Scene): Promise<void> {
  const { namespace } = scene;
  const from = ['--source-context', contextA, '--source-namespace', namespace, '--source', 'data'];
  const to = ['--dest-context', contextB, '--dest-namespace', namespace, '--dest', 'data'];
  await must('pv-migrate', [...from, ...to, '--ignore-mounted', '--strategies', 'nodeport,loadbalancer']);
}

const hasPvMigrate = async () => (await run('sh', ['-c', 'command -v pv-migrate'])).code === 0;

async function measureLoad(load: Load): Promise<Samples> {
  const scene = await Scene.open('bench');
  const samples: Samples = { x8sync: [], plain: [], again: [], pvMigrate: [] };
  try {
    const claim = { size: load.size, storageClass: 'tmpfs' };
    await scene.claim(contextA, 'data', claim);
    await Promise.all(['data', 'plain'].map((name) => scene.claim(contextB, name, claim)));
    await scene.shell(contextA, 'data', load.fill);
    const plain = await PlainRsync.open(scene, 'data', 'plain');
    const peer = await hasPvMigrate();
    for (let turn = 0; turn < runs; turn++) {
      samples.plain.push(await plain.copy());
      await plain.empty();
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

/** (a) and (b): at most 1.1 times the plain rsync plus 4 s; (c), nothing changed: at most 4.5 s. */
function measurementsOf({ name }: Load, { x8sync, plain, again, pvMigrate }: Samples): Measurement[] {
  const baseline = `plain rsync, ${name}`;
  const atMost = Number((1.1 * median(plain) + 4).toFixed(2));
  return [
    { name: baseline, unit: 's', samples: plain },
    { name: `x8sync, ${name}`, unit: 's', samples: x8sync, baseline, limit: { atMost } },
    { name: `x8sync again, ${name}`, unit: 's', samples: again, baseline, limit: { atMost: 4.5 } },
    ...(pvMigrate.length > 0
      ? [{ name: `pv-migrate, ${name}`, unit: 's', samples: pvMigrate, baseline }]
      : []),
  ];
}

export async function measure(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  const all: Measurement[] = [];
  for (const load of [big, small]) all.push(...measurementsOf(load, await measureLoad(load)));
  return [...all, ...(await measureFar()), ...(await measureVerify())];
}
