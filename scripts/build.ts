/** Bundles each plugin into one CommonJS file, build/kubectl-<plugin>.cjs, and what images run into build/<image>/. */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import type { ImageDigests } from '../src/images.ts';
import { bundleAgent } from './agent-bundle.ts';
import { deferPackages, setUpWhenUsed } from './deferred-packages.ts';
import { registryIn } from './images/registry.ts';
import { leaveOutUnused } from './left-out-modules.ts';
import { bundleMover } from './mover-bundle.ts';
import { bundleHashWorker, bundlePage } from './service-bundles.ts';

export const root = join(import.meta.dirname, '..');

/** Every plugin has a folder with a main.ts. */
export function pluginNames(): string[] {
  const folder = join(root, 'plugins');
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'main.ts')));
}

/** Path of a plugin's bundle. */
export function bundleOf(plugin: string): string {
  return join(root, 'build', `kubectl-${plugin}.cjs`);
}

/**
 * Bundles them all; about a second. Rejects with esbuild's own messages printed.
 * @param digests of the images that a release was built with: its pods are made by these
 */
export async function bundlePlugins(digests: ImageDigests = {}): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(
      pluginNames().map((name) => [`kubectl-${name}`, join(root, 'plugins', name, 'main.ts')]),
    ),
    outdir: join(root, 'build'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    plugins: [deferPackages, leaveOutUnused, setUpWhenUsed],
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // Names stay as they are, so that a stack in a bug report can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    // In a single executable import() finds nothing but built-ins, and with a code cache not even those.
    supported: { 'dynamic-import': false },
    // ssh2's optional native addons: it tries them and goes on without.
    external: ['cpu-features', '*.node'],
    loader: { '.yaml': 'text', '.sh': 'text' },
    define: {
      X8S_VERSION: JSON.stringify(packageVersion()),
      X8S_COMMIT: JSON.stringify(commitHash()),
      X8S_REGISTRY: JSON.stringify(registryIn(process.env)),
      X8S_IMAGE_DIGESTS: JSON.stringify(digests),
      'import.meta.url': '""',
      // What devsync sends into containers.
      X8S_AGENT_BUNDLE: JSON.stringify(await bundleAgent(root)),
      // What nsreplicate's service hands to browsers, and starts as a thread.
      X8S_PAGE: JSON.stringify(await bundlePage()),
      X8S_HASH_WORKER: JSON.stringify(await bundleHashWorker()),
    },
    logLevel: 'warning',
  });
}

/**
 * The plugins as programs of the controller's image, in build/controller; returns their paths. Digests of images are
 * not in them: an image can't hold its own.
 */
export async function bundleController(): Promise<string[]> {
  const folder = join(root, 'build', 'controller');
  mkdirSync(folder, { recursive: true });
  await bundlePlugins();
  return pluginNames().map((name) => {
    const path = join(folder, `kubectl-${name}`);
    writeFileSync(path, `#!/usr/local/bin/node --no-warnings\n${readFileSync(bundleOf(name), 'utf8')}`, {
      mode: 0o755,
    });
    return path;
  });
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Short, with `-dirty` where files differ from it; empty outside a checkout. */
function commitHash(): string {
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], options).trim();
  } catch {
    return '';
  }
}

if (import.meta.main) {
  const [mover, controller] = await Promise.all([bundleMover(), bundleController()]);
  for (const path of [...pluginNames().map(bundleOf), mover, ...controller])
    console.log(relative(root, path));
}
