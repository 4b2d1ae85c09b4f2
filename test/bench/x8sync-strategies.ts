/** x8sync in other ways than by itself to a node port: within a namespace, through the workstation, of holes, as told. */
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { must } from '../cluster/support/process.ts';
import { Scene } from '../cluster/support/scene.ts';
import { pathOfClaim, restoreLink, setLink } from '../lab/index.ts';
import { barePods } from './bare-pods.ts';
import { type Measurement, median } from './measurement.ts';
import { PlainRsync } from './plain-rsync.ts';
import {
  big,
  copyClaim,
  emptyTarget,
  hasPvMigrate,
  type Load,
  pvMigrate,
  runs,
  seconds,
  small,
  someMoment,
} from './x8sync-load.ts';

/** Seconds that a file of holes may take beside its pods. */
const holesSeconds = 5;

/** A file of 24 GiB that holds 1.2 MB. */
const holes: Load = {
  name: '24 GiB of holes',
  size: '64Mi',
  fill: `
    truncate -s 24G /data/holes
    for at in 0 9000 24575; do
      head -c 400K /dev/urandom | dd of=/data/holes bs=1M seek=$at conv=notrunc status=none iflag=fullblock
    done`,
};

interface Samples {
  readonly bare: number[];
  readonly x8sync: number[];
  readonly plain: number[];
}

interface Turn {
  readonly scene: Scene;
  /** Where the copy goes. */
  readonly to: string;
  /** What it is compared with, in seconds; absent where there is no such thing. */
  readonly plain?: () => Promise<number>;
  readonly args?: readonly string[];
}

/** Copies the claim `data` of the first cluster to one of this name, which is empty before each turn. */
async function inTurns(target: string, { scene, to, plain, args = [] }: Turn): Promise<Samples> {
  const samples: Samples = { bare: [], x8sync: [], plain: [] };
  const empty = () => emptyTarget(scene, to, target);
  for (let turn = 0; turn < runs; turn++) {
    if (plain) samples.plain.push(await plain());
    await empty();
    samples.bare.push(await seconds(() => barePods(scene, 'data')));
    await someMoment();
    const refs = [scene.ref(contextA, 'data'), scene.ref(to, target)] as const;
    samples.x8sync.push(await seconds(() => copyClaim(...refs, ...args)));
    await empty();
  }
  return samples;
}

/** Runs with claims in both clusters of which the one in the first holds the load. */
async function withLoad<T>(load: Load, work: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await Scene.open('bench-more');
  try {
    const claim = { size: load.size, storageClass: 'tmpfs' };
    await Promise.all([contextA, contextB].map((context) => scene.claim(context, 'data', claim)));
    await scene.shell(contextA, 'data', load.fill);
    return await work(scene);
  } finally {
    await scene.close();
  }
}

/** Many small files to a claim of the same namespace, beside one local `rsync -a`: at most 1.0 P + 1.3 B. */
export function measureMount(): Promise<Measurement[]> {
  return withLoad(small, async (scene) => {
    await scene.claim(contextA, 'copy', { size: small.size, storageClass: 'tmpfs' });
    await scene.shell(contextA, 'copy', 'true');
    const { namespace } = scene;
    const folder = (claim: string) => pathOfClaim({ cluster: contextA, namespace, claim });
    const [from, into] = await Promise.all([folder('data'), folder('copy')]);
    const plain = () => seconds(() => must('rsync', ['-a', `${from}/`, `${into}/`]));
    const samples = await inTurns('copy', { scene, to: contextA, plain });
    const baseline = `local rsync -a, ${small.name}`;
    const atMost = Number((median(samples.plain) + 1.3 * median(samples.bare)).toFixed(2));
    return [
      { name: baseline, unit: 's', samples: samples.plain },
      { name: `bare pods, mount of ${small.name}`, unit: 's', samples: samples.bare },
      {
        name: `x8sync by mount, ${small.name}`,
        unit: 's',
        samples: samples.x8sync,
        baseline,
        limit: { atMost },
      },
    ];
  });
}

/** Holes are found at the source: at most 5 s + 1.3 B. */
export function measureHoles(): Promise<Measurement[]> {
  return withLoad(holes, async (scene) => {
    const samples = await inTurns('data', { scene, to: contextB });
    const atMost = Number((holesSeconds + 1.3 * median(samples.bare)).toFixed(2));
    return [
      { name: `bare pods, ${holes.name}`, unit: 's', samples: samples.bare },
      { name: `x8sync, ${holes.name}`, unit: 's', samples: samples.x8sync, limit: { atMost } },
    ];
  });
}

/** Through the workstation, beside plain rsync on the clusters' own line. No limit: two port-forwards are what it takes. */
export function measureRelay(): Promise<Measurement[]> {
  return withLoad(big, async (scene) => {
    await scene.claim(contextB, 'plain', { size: big.size, storageClass: 'tmpfs' });
    const rsync = await PlainRsync.open(scene, 'data', 'plain');
    const plain = async () => {
      const took = await rsync.copy();
      await rsync.empty();
      return took;
    };
    const samples = await inTurns('data', { scene, to: contextB, plain, args: ['--strategy', 'relay'] });
    const baseline = `plain rsync beside the relay, ${big.name}`;
    return [
      { name: baseline, unit: 's', samples: samples.plain },
      { name: `bare pods, relay of ${big.name}`, unit: 's', samples: samples.bare },
      { name: `x8sync by relay, ${big.name}`, unit: 's', samples: samples.x8sync, baseline },
    ];
  });
}

const oneStream = ['--parallelism', '1'];
/** Ways to cut the tree, beside what `auto` makes of it. */
const cuts: readonly (readonly string[])[] = [
  oneStream,
  ['--partitions', '2', '--parallelism', '2'],
  ['--partitions', '16', '--parallelism', '8'],
];
/** `auto` takes no longer than one stream, but for what two runs of the same differ by. */
const slack = 1.05;

/**
 * Many small files in partitions that are told, nearby and over a line of 80 ms, beside one plain rsync, bare pods and
 * pv-migrate where that is on PATH.
 */
export function measurePartitions(): Promise<Measurement[]> {
  return withLoad(small, async (scene) => {
    await scene.claim(contextB, 'plain', { size: small.size, storageClass: 'tmpfs' });
    const rsync = await PlainRsync.open(scene, 'data', 'plain');
    const near = await measureCuts(scene, rsync, small.name);
    try {
      await setLink({ delay: 40 });
      return [...near, ...(await measureCuts(scene, rsync, `${small.name}, 80 ms`))];
    } finally {
      await restoreLink();
    }
  });
}

/** Each of them once in each turn, so that a slow minute slows all. */
async function measureCuts(scene: Scene, rsync: PlainRsync, what: string): Promise<Measurement[]> {
  const refs = [scene.ref(contextA, 'data'), scene.ref(contextB, 'data')] as const;
  const samples = new Map<string, number[]>();
  const take = async (name: string, work: () => Promise<number>) =>
    samples.set(name, [...(samples.get(name) ?? []), await work()]);
  const takeCopy = async (name: string, copy: () => Promise<void>) => {
    await someMoment();
    await take(name, () => seconds(copy));
    await emptyTarget(scene);
  };
  const [baseline, bare] = [`plain rsync beside partitions, ${what}`, `bare pods beside partitions, ${what}`];
  const auto = `x8sync auto, ${what}`;
  const nameOf = (args: readonly string[]) => `x8sync ${args.join(' ')}, ${what}`;
  const hasPeer = await hasPvMigrate();
  for (let turn = 0; turn < runs; turn++) {
    await take(baseline, () => rsync.copy());
    await rsync.empty();
    await take(bare, () => seconds(() => barePods(scene, 'data')));
    await takeCopy(auto, () => copyClaim(...refs));
    for (const args of cuts) await takeCopy(nameOf(args), () => copyClaim(...refs, ...args));
    if (hasPeer) await takeCopy(`pv-migrate beside partitions, ${what}`, () => pvMigrate(scene));
  }
  const atMost = Number((slack * median(samples.get(nameOf(oneStream)) ?? [])).toFixed(2));
  return [...samples].map(([name, taken]) => ({
    ...{ name, unit: 's', samples: taken },
    ...(name !== baseline && name !== bare && { baseline }),
    ...(name === auto && { limit: { atMost } }),
  }));
}
