/**
 * Bundles x8sync's mover into the one file that its image runs: build/mover/x8s-mover.cjs, or the path that it is called
 * with.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { endingFlags } from '../src/node-flags.ts';

const folder = join(import.meta.dirname, '..');

/** Path of the bundle. */
export const moverBundle = join(folder, 'build', 'mover', 'x8s-mover.cjs');

/**
 * Its memory counts beside rsync's: by itself V8 lets garbage take tens of megabytes before it collects any. These cost
 * some processor time of a comparison, and nothing of a copy, which rsync makes.
 */
const memoryFlags = ['--max-semi-space-size=2', '--heap-growing-percent=30'];

/** A program on its own: the first line names the image's Node.js. Resolves with its path. */
export async function bundleMover(outfile = moverBundle): Promise<string> {
  await build({
    entryPoints: [join(folder, 'plugins/x8sync/mover/main.ts')],
    outfile,
    // Without -S, env would take all of it for the name of one program.
    banner: { js: `#!/usr/bin/env -S /usr/local/bin/node ${[...memoryFlags, ...endingFlags].join(' ')}` },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Names stay as they are, so that a stack in a bug report can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}

if (import.meta.main) await bundleMover(process.argv[2]);
