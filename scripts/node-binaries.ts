/** The pinned Node.js of each platform, from npm packages alone. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './build.ts';
import { stripElf } from './release/elf.ts';
import { signAdHoc } from './release/macho.ts';
import { stripMachO } from './release/macho-strip.ts';

interface PlatformEntry {
  /** npm package that holds this platform's Node.js. */
  readonly package: string;
  /** Its path in there. */
  readonly binary: string;
}

const read = <T>(...path: string[]) => JSON.parse(readFileSync(join(root, ...path), 'utf8')) as T;

/** By Node's own words: `linux-x64`, `darwin-arm64`, `win32-x64`. */
export const platforms = read<Record<string, PlatformEntry>>('scripts', 'platforms.json');

export const hostPlatform = `${process.platform}-${process.arch}`;

/** Path of a platform's Node.js; fetches the npm package where npm did not install it (foreign platforms). */
export function nodeBinaryOf(platform: string): string {
  const entry = platforms[platform];
  if (!entry) throw new Error(`no platform ${platform}; there are ${Object.keys(platforms).join(', ')}`);
  const installed = join(root, 'node_modules', entry.package, entry.binary);
  return existsSync(installed) ? installed : join(fetchPackage(entry.package), entry.binary);
}

/** The same for releases: without what only a debugger reads, which is a quarter of it. Windows keeps that apart. */
export function releaseNodeOf(platform: string): string {
  const whole = nodeBinaryOf(platform);
  if (platform.startsWith('win32-')) return whole;
  const path = join(root, 'build', 'node', `${platform}-${process.version}-stripped`);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, stripped(platform, readFileSync(whole)), { mode: 0o755 });
  renameSync(unfinished, path);
  return path;
}

const stripped = (platform: string, file: Buffer): Buffer =>
  platform.startsWith('linux-') ? stripElf(file) : signAdHoc(stripMachO(file), 'node');

/** The package unpacked under build/, once its archive has the digest that package-lock.json pins. */
function fetchPackage(name: string): string {
  const { packages } = read<{ packages: Record<string, { version: string; integrity: string }> }>(
    'package-lock.json',
  );
  const locked = packages[`node_modules/${name}`];
  if (!locked) throw new Error(`${name} is not in package-lock.json`);
  const folder = join(root, 'build', 'node', `${name}-${locked.version}`);
  if (existsSync(join(folder, 'package', 'package.json'))) return join(folder, 'package');
  console.error(`Fetching ${name} ${locked.version} …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const pack = ['pack', `${name}@${locked.version}`, '--pack-destination', folder, '--silent'];
  const archive = join(folder, execFileSync(npm, pack, { cwd: folder, encoding: 'utf8' }).trim());
  verify(archive, locked.integrity);
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  rmSync(archive);
  return join(folder, 'package');
}

function verify(archive: string, integrity: string): void {
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${archive}: ${digest}, but package-lock.json has ${integrity}`);
}
