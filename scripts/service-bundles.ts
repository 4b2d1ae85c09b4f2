/** Bundles what nsreplicate's service hands to others: the worker that hashes passwords. */
import { join } from 'node:path';
import { build } from 'esbuild';

const server = join(import.meta.dirname, '..', 'plugins/nsreplicate/server');

/** As CommonJS, for a worker that is started from a text. */
export async function bundleHashWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(server, 'accounts/hash-worker.ts')],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
