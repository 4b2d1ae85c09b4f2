/** How long the compiled plugins take to say something: the price of every call, and of every Tab. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pluginNames } from '../../scripts/build.ts';
import { hostPlatform } from '../../scripts/node-binaries.ts';
import { distOf, packagePlugins } from '../../scripts/package.ts';
import type { Measurement } from './measurement.ts';

const runs = 15;

/** Seconds of one run. */
function once(program: string, args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - begun) / 1000;
}

function measureOne(program: string, args: readonly string[], atMost?: number): Measurement {
  once(program, args);
  const samples = Array.from({ length: runs }, () => once(program, args));
  const name = [program.replace(/^.*[\\/]/, ''), ...args].join(' ');
  return { name, unit: 's', samples, ...(atMost === undefined ? {} : { limit: { atMost } }) };
}

/** `--version` within 0.15 s, `--help` within 0.25 s, beside an empty script on the bare Node.js. */
export async function measure(): Promise<Measurement[]> {
  await packagePlugins();
  const bare = measureOne(process.execPath, ['--eval', '0']);
  const plugins = pluginNames().flatMap((plugin) => {
    const program = join(distOf(hostPlatform), `kubectl-${plugin}`);
    return [
      { ...measureOne(program, ['--version'], 0.15), baseline: bare.name },
      { ...measureOne(program, ['--help'], 0.25), baseline: bare.name },
      { ...measureOne(program, ['__complete', ''], 0.25), baseline: bare.name },
    ];
  });
  return [bare, ...plugins];
}
