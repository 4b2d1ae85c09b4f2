/**
 * Compiles each plugin into one executable: dist/<platform>/kubectl-<plugin>.
 * `npm run package [-- --platform linux-x64|…|all]`; this machine's platform where none is named.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { ImageDigests } from '../src/images.ts';
import { endingFlags } from '../src/node-flags.ts';
import { bundleOf, bundlePlugins, packageVersion, pluginNames, root } from './build.ts';
import { hostPlatform, platforms, releaseNodeOf } from './node-binaries.ts';
import { shortDescriptionOf } from './release/krew-manifest.ts';
import { signAdHoc } from './release/macho.ts';
import { loadPkg } from './release/sea.ts';
import { type Named, nameExecutable } from './release/windows.ts';

const pkgHome = join(root, 'build', 'pkg-home');

/** The folder of a platform's executables. */
export function distOf(platform: string): string {
  return join(root, 'dist', platform);
}

/**
 * Packages every plugin for these platforms; what has not changed is left as it is.
 * @param digests of the images that belong to a release
 */
export async function packagePlugins(
  wanted: readonly string[] = [hostPlatform],
  digests: ImageDigests = {},
): Promise<void> {
  await bundlePlugins(digests);
  for (const platform of wanted) for (const plugin of pluginNames()) await packageOne(plugin, platform);
}

async function packageOne(plugin: string, platform: string): Promise<void> {
  const suffix = platform.startsWith('win32') ? '.exe' : '';
  const output = join(distOf(platform), `kubectl-${plugin}${suffix}`);
  const stamp = join(root, 'build', `${platform}-kubectl-${plugin}.inputs`);
  const inputs = inputsOf(plugin, platform);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;
  console.error(`Compiling ${relative(root, output)} …`);
  mkdirSync(dirname(output), { recursive: true });
  // Beside its place first: a running executable can be replaced, not written to.
  const fresh = join(distOf(platform), `.${process.pid}-kubectl-${plugin}${suffix}`);
  try {
    compileApart(plugin, platform, { inputs, output: fresh });
    renameSync(fresh, output);
  } finally {
    rmSync(fresh, { force: true });
  }
  writeFileSync(stamp, inputs);
}

interface Compilation {
  /** Digest of all that decides what the executable is. */
  readonly inputs: string;
  readonly output: string;
}

/**
 * In a process of its own, with a home of its own: pkg keeps some hundred megabytes of each executable that it has made
 * for as long as its process lives, and looks for Node.js in the home folder.
 */
function compileApart(plugin: string, platform: string, { inputs, output }: Compilation): void {
  seedCache(platform);
  seedCache(hostPlatform);
  const options = ['--compile', plugin, '--platform', platform, '--inputs', inputs, '--output', output];
  const env = { ...process.env, HOME: pkgHome };
  execFileSync(process.execPath, [import.meta.filename, ...options], { env, stdio: ['ignore', 2, 2] });
}

/** All that decides what the executable is. */
function inputsOf(plugin: string, platform: string): string {
  const hash = createHash('sha256');
  const shapers = ['elf.ts', 'macho.ts', 'macho-strip.ts', 'sea.ts', 'windows.ts'].map((name) =>
    join(import.meta.dirname, 'release', name),
  );
  const lock = join(root, 'package-lock.json');
  for (const file of [bundleOf(plugin), lock, templateOf(plugin), import.meta.filename, ...shapers])
    hash.update(readFileSync(file));
  return hash.update([platform, process.version, ...endingFlags].join(' ')).digest('hex');
}

/**
 * MiB of each half of the nursery. Young objects die young here: a small one keeps a watch of many objects smaller. Pages of
 * lists do not die so young: nsreplicate has several of them on their way at once, and what is too large for the nursery is
 * kept until the whole heap is collected, which takes more time and more memory.
 */
const nurseryMiB = (plugin: string): number => (plugin === 'nsreplicate' ? 8 : 2);

async function compile(plugin: string, platform: string, { inputs, output }: Compilation): Promise<void> {
  const [os = '', arch = ''] = platform.split('-');
  const pkgPlatform = { darwin: 'macos', win32: 'win' }[os] ?? os;
  // The executable remembers where its code was, for stacks: a place that says nothing of this machine.
  const folder = join(tmpdir(), `x8s-${inputs.slice(0, 12)}`);
  const entry = join(folder, basename(bundleOf(plugin)));
  mkdirSync(folder, { recursive: true });
  copyFileSync(bundleOf(plugin), entry);
  await loadPkg()(entry, {
    targets: [{ nodeRange: `node${process.versions.node}`, platform: pkgPlatform, arch, output }],
    signature: false,
    seaConfig: {
      // A code cache made on this platform saves a quarter of the start; on another one it would be refused.
      useCodeCache: platform === hostPlatform,
      // A user's NODE_OPTIONS is meant for other programs.
      execArgvExtension: 'none',
      execArgv: [
        '--no-warnings',
        `--max-semi-space-size=${nurseryMiB(plugin)}`,
        ...endingFlags,
        // One that runs all day has less to collect than helpers to collect it with, and each of those keeps memory of its own.
        ...(plugin === 'devsync' ? ['--v8-pool-size=1'] : []),
      ],
    },
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
  // Putting the plugin into Node.js has spoilt Node's own signature, and macOS ends what has none.
  if (os === 'darwin') rewrite(output, (file) => signAdHoc(file, `kubectl-${plugin}`));
  if (os === 'win32') rewrite(output, (file) => nameExecutable(file, namedFor(plugin)));
}

/** Path of the template that says what a plugin does. */
const templateOf = (plugin: string): string => join(root, 'krew-manifests', `${plugin}.yaml`);

const namedFor = (plugin: string): Named => ({
  program: `kubectl-${plugin}`,
  description: shortDescriptionOf(readFileSync(templateOf(plugin), 'utf8')),
  version: packageVersion(),
});

function rewrite(path: string, change: (file: Buffer) => Buffer): void {
  const { mode } = statSync(path);
  writeFileSync(path, change(readFileSync(path)), { mode });
}

/**
 * pkg looks for Node.js in `~/.pkg-cache/sea` before it downloads: a home of its own holds links to the npm
 * packages' binaries, and the empty marker files that say "verified and unpacked".
 */
function seedCache(platform: string): void {
  const [os = '', arch] = platform.split('-');
  const cache = join(pkgHome, '.pkg-cache', 'sea');
  const name = `node-${process.version}-${os === 'win32' ? 'win' : os}-${arch}`;
  const archive = `${name}${os === 'win32' ? '.zip' : '.tar.gz'}`;
  const binary = join(cache, os === 'win32' ? `${name}.exe` : join(name, 'bin', 'node'));
  mkdirSync(dirname(binary), { recursive: true });
  for (const marker of [archive, `${archive}.ok`].map((file) => join(cache, file))) writeFileSync(marker, '');
  writeFileSync(`${binary}.ok`, '');
  rmSync(binary, { force: true });
  symlinkSync(releaseNodeOf(platform), binary);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: hostPlatform },
      // What `compileApart` hands over.
      compile: { type: 'string' },
      inputs: { type: 'string', default: '' },
      output: { type: 'string', default: '' },
    },
  });
  const { platform, compile: plugin, inputs, output } = values;
  if (plugin !== undefined) await compile(plugin, platform, { inputs, output });
  else await packagePlugins(platform === 'all' ? Object.keys(platforms) : platform.split(','));
}
