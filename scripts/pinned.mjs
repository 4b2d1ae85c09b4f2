// Runs one of the project's scripts on the pinned Node.js, after installing what is missing.
// This file alone runs on whatever Node the machine has, so it uses nothing newer than Node 16.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...parts) => join(root, 'node_modules', ...parts);

/** Each platform's Node.js package; package.json pins all of them to one version. */
const platforms = JSON.parse(readFileSync(join(root, 'scripts', 'platforms.json'), 'utf8'));

const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  bin('jest', 'bin', 'jest.js'),
];
// An option after the project's name, or jest would take a test's name for a project's.
const unitTests = [...jest, '--selectProjects', 'unit', '--ci'];
const biome = [bin('@biomejs', 'biome', 'bin', 'biome')];
const tsc = [bin('typescript', 'bin', 'tsc')];

const scripts = {
  lint: [
    [...biome, 'check', '--error-on-warnings', '.'],
    [...unitTests, 'architecture'],
  ],
  format: [[...biome, 'check', '--write', '.']],
  // The page runs in browsers, which have other types than Node.
  typecheck: [
    [...tsc, '--project', join(root, 'plugins', 'nsreplicate', 'server', 'page', 'tsconfig.json')],
    [...tsc, '--project', join(root, 'tsconfig.json')],
  ],
  build: [['scripts/build.ts']],
  package: [['scripts/package.ts']],
  archives: [['scripts/archives.ts']],
  images: [['scripts/images.ts']],
  reference: [['scripts/reference.ts']],
  release: [['scripts/release.ts']],
  'krew-manifests': [['scripts/krew-manifests.ts']],
  test: [['test/run.ts']],
  'test:unit': [unitTests],
  'test:cluster': [['test/run.ts', '--cluster-only']],
  'test:long': [['test/run.ts', '--long']],
  bench: [['test/bench/main.ts']],
  demo: [['test/demo/main.ts']],
  recordings: [['test/recordings/main.ts']],
  lab: [['test/lab/main.ts']],
};

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}

/** True where node_modules holds just what package-lock.json says. */
function installed() {
  const [lock, done] = [join(root, 'package-lock.json'), bin('.package-lock.json')];
  if (!existsSync(done)) return false;
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages;
  const present = JSON.parse(readFileSync(done, 'utf8')).packages;
  return (
    Object.entries(present).every(([path, entry]) => wanted[path]?.version === entry.version) &&
    Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || entry.peer || present[path],
    )
  );
}

function install() {
  process.stderr.write('Installing npm packages (npm ci) …\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm
    ? [process.execPath, [npm, 'ci', '--loglevel=error']]
    : ['npm', ['ci', '--loglevel=error']];
  const shell = !npm && process.platform === 'win32';
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status !== 0) fail('npm ci failed; its own message is above');
}

const [name, ...args] = process.argv.slice(2);
const commands = scripts[name];
if (!commands) fail(`no script ${JSON.stringify(name)}; there are ${Object.keys(scripts).join(', ')}`);
const platform = platforms[`${process.platform}-${process.arch}`];
if (!platform)
  fail(
    `no pinned Node.js for ${process.platform}-${process.arch}; there is one for ${Object.keys(platforms).join(', ')}`,
  );
if (!installed()) install();
const node = bin(platform.package, platform.binary);
if (!existsSync(node))
  fail(`${node} is missing: remove node_modules and run npm ci, without --omit=optional`);

commands.forEach((command, index) => {
  const extra = index === commands.length - 1 && name !== 'lint' ? args : [];
  const { status, signal } = spawnSync(node, [...command, ...extra], { cwd: root, stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status ?? 1);
});
