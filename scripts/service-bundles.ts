/** Bundles what nsreplicate's service hands to others: the worker that hashes passwords, and the page. */
import { readFileSync } from 'node:fs';
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

/** For browsers of the last years. */
export async function bundlePage() {
  const { outputFiles } = await build({
    entryPoints: [join(server, 'page/main.ts')],
    bundle: true,
    platform: 'browser',
    target: ['es2022'],
    format: 'iife',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  const read = (name: string) => readFileSync(join(server, 'page', name), 'utf8');
  return {
    html: read('index.html'),
    script: outputFiles[0]?.text ?? '',
    style: read('style.css'),
    icon: read('icon.svg'),
  };
}
