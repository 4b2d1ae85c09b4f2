/** pkg's simple mode for single executables, which is all that is used of it, with code caches that are the same bytes each time. */
import type childProcess from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

/** pkg's own command line has no way to set the SEA options below. */
export type MakeSea = (
  entry: string,
  options: {
    targets: { nodeRange: string; platform: string; arch: string; output: string }[];
    signature: boolean;
    seaConfig: Record<string, unknown>;
  },
) => Promise<void>;

const makesBlob = '--experimental-sea-config';

/**
 * What Node.js is called with. V8 writes names into a code cache in the order of their hashes, whose seed is drawn at
 * random. `--hash-seed` would set it, but V8 then refuses the cache in a process without that flag; the seed of the
 * drawing itself may differ.
 */
export const withSeed = (args: readonly string[]): readonly string[] =>
  args[0] === makesBlob ? ['--random-seed=1', ...args] : args;

/**
 * pkg hands no options of V8 to the Node.js that makes the blob, and NODE_OPTIONS takes none of these. So it finds an
 * `execFile` that adds them when it is loaded, once in a process.
 */
export function loadPkg(): MakeSea {
  const require = createRequire(import.meta.url);
  const programs = require('node:child_process') as typeof childProcess;
  const { execFile } = programs;
  const run = promisify(execFile);
  const seeded = (file: string, args: readonly string[]) => run(file, withSeed(args));
  try {
    programs.execFile = Object.assign(execFile.bind(undefined), {
      [promisify.custom]: seeded,
    }) as typeof execFile;
    return (require('@yao-pkg/pkg/lib-es5/sea.js') as { default: MakeSea }).default;
  } finally {
    programs.execFile = execFile;
  }
}
