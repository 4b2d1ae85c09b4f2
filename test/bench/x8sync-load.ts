/** What x8sync is measured with: trees of files, and the whole command. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { plugin } from '../cluster/support/kubectl.ts';
import { must, run } from '../cluster/support/process.ts';
import type { Scene } from '../cluster/support/scene.ts';

export const runs = Number(process.env.X8S_BENCH_RUNS ?? 5);

export interface Load {
  readonly name: string;
  readonly size: string;
  /** Makes the files, with the claim at /data. */
  readonly fill: string;
}

export const big: Load = {
  name: '2 GiB file',
  size: '2200Mi',
  fill: 'head -c 2G /dev/urandom > /data/big',
};

/** 50,000 files of 1 to 16 KiB in 500 directories, cut out of one random file. */
export const small: Load = {
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

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/**
 * Waits for a moment within a second. The kubelet looks at its pods once a second, and a run ends at such a look: one
 * that began right after the last would begin right after a look, each time, as nobody's does who types a command.
 */
export const someMoment = () => sleep(Math.random() * 1000);

/** The whole command. */
export async function copyClaim(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await plugin('x8sync', [...args, '-o', 'json']);
  if (code !== 0) throw new Error(`kubectl x8sync ended with ${code}:\n${stderr}`);
}

export const x8sync = (scene: Scene, name: string): Promise<void> =>
  copyClaim(scene.ref(contextA, name), scene.ref(contextB, name));

/** The same by pv-migrate. */
export async function pvMigrate({ namespace }: Scene): Promise<void> {
  const from = ['--source-context', contextA, '--source-namespace', namespace, '--source', 'data'];
  const to = ['--dest-context', contextB, '--dest-namespace', namespace, '--dest', 'data'];
  await must('pv-migrate', [...from, ...to, '--ignore-mounted', '--strategies', 'nodeport,loadbalancer']);
}

/** Whether it is on PATH. */
export const hasPvMigrate = async (): Promise<boolean> =>
  (await run('sh', ['-c', 'command -v pv-migrate'])).code === 0;

/** Empties the claim that a copy went to. */
export async function emptyTarget(scene: Scene, context = contextB, claim = 'data'): Promise<void> {
  await scene.shell(context, claim, 'find /data -mindepth 1 -delete');
}
