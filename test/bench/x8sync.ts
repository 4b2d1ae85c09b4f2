/**
 * x8sync's whole command, set-up and clean-up included, beside one plain rsync over ssh between two pods that
 * stand ready: on tmpfs volumes, across the lab's clusters, in turn, so that a slow minute slows both.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { packagePlugins } from '../../scripts/package.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { plugin } from '../cluster/support/kubectl.ts';
import { must, run } from '../cluster/support/process.ts';
import { Scene } from '../cluster/support/scene.ts';
import { ensureUp } from '../lab/index.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 5);

interface Load {
  readonly name: string;
  readonly size: string;
  /** Makes the files, with the claim at /data. */
  readonly fill: string;
}

const big: Load = {
  name: '2 GiB file',
  size: '2200Mi',
  fill: 'head -c 2G /dev/urandom > /data/big',
};

/** 50,000 files of 1 to 16 KiB in 500 directories, cut out of one random file. */
const small: Load = {
  name: '50,000 small files',
  size: '1Gi',
  fill: `
    head -c 32K /dev/urandom > /tmp/random
    perl -e '
      open my $in, "<", "/tmp/random"; binmode $in; read $in, my $data, 32768;
      srand 1;
      for my $dir (1 .. 500) {
        mkdir "/data/d$dir";
        for my $file (1 .. 100) {
          open my $out, ">", "/data/d$dir/f$file" or die $!;
          print $out substr($data, int(rand 16384), 1024 + int(rand 15361));
        }
      }'`,
};

interface Samples {
  readonly x8sync: number[];
  readonly plain: number[];
  readonly again: number[];
  readonly pvMigrate: number[];
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/**
 * Waits for a moment within a second. The kubelet looks at its pods once a second, and a run ends at such a look: one
 * that began right after the last would begin right after a look, each time, as nobody's does who types a command.
 */
const someMoment = () => sleep(Math.random() * 1000);

async function x8sync(scene: Scene, name: string): Promise<void> {
  const { code, stderr } = await plugin('x8sync', [
    scene.ref(contextA, name),
    scene.ref(contextB, name),
    '-o',
    'json',
  ]);
  if (code !== 0) throw new Error(`kubectl x8sync ended with ${code}:\n${stderr}`);
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

async function emptyTarget(scene: Scene): Promise<void> {
  await scene.shell(contextB, 'data', 'find /data -mindepth 1 -delete');
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
  return all;
}
