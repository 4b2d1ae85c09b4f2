/** How long the compiled plugins take to say something: the price of every call, and of every Tab. */
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pluginNames } from '../../scripts/build.ts';
import { hostPlatform } from '../../scripts/node-binaries.ts';
import { distOf, packagePlugins } from '../../scripts/package.ts';
import type { Measurement } from './measurement.ts';

const rounds = 15;

interface Call {
  readonly program: string;
  readonly args: readonly string[];
  /** Seconds that the median may take. */
  readonly atMost?: number;
}

const nameOf = ({ program, args }: Call) => [basename(program), ...args].join(' ').trim();

/** Seconds of one run. */
function once({ program, args }: Call): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - begun) / 1000;
}

/** `--version` within 0.15 s, `--help` within 0.25 s, beside an empty script on the bare Node.js. */
export async function measure(): Promise<Measurement[]> {
  await packagePlugins();
  const bare: Call = { program: process.execPath, args: ['--eval', '0'] };
  const calls = pluginNames().flatMap((plugin): Call[] => {
    const program = join(distOf(hostPlatform), `kubectl-${plugin}`);
    return [
      { program, args: ['--version'], atMost: 0.15 },
      { program, args: ['--help'], atMost: 0.25 },
      { program, args: ['__complete', ''], atMost: 0.25 },
    ];
  });
  const all = [bare, ...calls].map((call) => ({ call, samples: [] as number[] }));
  // In turn, so that a slow moment of the machine slows all of them; the first round fills the file cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { call, samples } of all) {
      const took = once(call);
      if (round > 0) samples.push(took);
    }
  }
  return all.map(({ call, samples }) => ({
    name: nameOf(call),
    unit: 's',
    samples,
    ...(call === bare ? {} : { baseline: nameOf(bare) }),
    ...(call.atMost === undefined ? {} : { limit: { atMost: call.atMost } }),
  }));
}
