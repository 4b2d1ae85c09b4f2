/** How long the compiled plugins take to say something: the price of every call, and of every Tab. */
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pluginNames } from '../../scripts/build.ts';
import { hostPlatform } from '../../scripts/node-binaries.ts';
import { distOf, packagePlugins } from '../../scripts/package.ts';
import { type Measurement, median } from './measurement.ts';

const rounds = 15;

interface Call {
  readonly program: string;
  readonly args: readonly string[];
  /** Seconds that the median may take beyond 1.2 times that of the bare Node.js. */
  readonly beyond?: number;
}

const nameOf = ({ program, args }: Call) => [basename(program), ...args].join(' ').trim();

/** Seconds of one run. */
function once({ program, args }: Call): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - begun) / 1000;
}

/** `--version` within 1.2 times an empty script on the bare Node.js and 60 ms; `--help` and Tab within that and 90 ms. */
export async function measure(): Promise<Measurement[]> {
  await packagePlugins();
  const bare: Call = { program: process.execPath, args: ['--eval', '0'] };
  const calls = pluginNames().flatMap((plugin): Call[] => {
    const program = join(distOf(hostPlatform), `kubectl-${plugin}`);
    return [
      { program, args: ['--version'], beyond: 0.06 },
      { program, args: ['--help'], beyond: 0.09 },
      { program, args: ['__complete', ''], beyond: 0.09 },
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
  const start = median(all[0]?.samples ?? []);
  return all.map(({ call, samples }) => ({
    name: nameOf(call),
    unit: 's',
    samples,
    ...(call === bare ? {} : { baseline: nameOf(bare) }),
    ...(call.beyond === undefined
      ? {}
      : { limit: { atMost: Number((1.2 * start + call.beyond).toFixed(3)) } }),
  }));
}
