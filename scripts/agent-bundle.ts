/** Bundles devsync's agent into the one text that is sent into containers. */
import { join } from 'node:path';
import { build } from 'esbuild';

/** The agent as CommonJS for every Node since 20. */
export async function bundleAgent(root = join(import.meta.dirname, '..')): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'plugins/devsync/agent/main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    keepNames: true,
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
