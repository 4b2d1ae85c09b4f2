/** The mover's root file system, made by debootstrap and the script that images/mover/Dockerfile runs too. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../config.ts';
import { say } from '../report.ts';
import { attempt, CommandError, run } from '../shell.ts';
import { type Layer, packLayer, storedLayer } from './layer.ts';

const suite = 'bookworm';
const installer = join(import.meta.dirname, '..', '..', '..', 'images', 'mover', 'install.sh');
/** For tests that make and look at unusual files and processes. */
const testPackages = ['libcap2-bin', 'procps'];
const archive = 'http://deb.debian.org/debian';
const security = 'http://deb.debian.org/debian-security';

/** The machine's own mirrors where it is a Debian too, so that a build works wherever apt does. */
async function mirrors(): Promise<{ archive: string; security: string }> {
  const { stdout } = await attempt('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)']);
  const known = new Map(stdout.split('\n').map((line) => line.split(' ').reverse() as [string, string]));
  return { archive: known.get(suite) ?? archive, security: known.get(`${suite}-security`) ?? security };
}

async function inRoot(root: string, script: string): Promise<string> {
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
    ...proxies(),
  };
  return run('chroot', [root, '/bin/sh', '-ec', script], { env });
}

function proxies(): NodeJS.ProcessEnv {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function bootstrap(root: string): Promise<void> {
  const from = await mirrors();
  await run('debootstrap', ['--variant=minbase', suite, root, from.archive]);
  writeFileSync(
    join(root, 'etc/apt/sources.list'),
    `deb ${from.archive} ${suite} main\ndeb ${from.security} ${suite}-security main\n`,
  );
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n');
  chmodSync(join(root, 'usr/sbin/policy-rc.d'), 0o755);
  writeFileSync(join(root, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
  copyFileSync(installer, join(root, 'tmp/install.sh'));
  await inRoot(root, `sh /tmp/install.sh ${testPackages.join(' ')}`);
  for (const file of ['tmp/install.sh', 'usr/sbin/policy-rc.d', 'etc/resolv.conf']) rmSync(join(root, file));
  appendFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
}

/** The layer with Debian and the mover's programs; made once for a recipe. */
export function debianLayer(): Promise<Layer> {
  const recipe = [import.meta.filename, installer].map((file) => readFileSync(file));
  const key = createHash('sha256')
    .update(Buffer.concat(recipe))
    .update(process.arch)
    .digest('hex')
    .slice(0, 12);
  const path = join(cacheDir, 'images', `debian-${key}.tar`);
  return storedLayer(path, () => makeLayer(path));
}

async function makeLayer(path: string): Promise<Layer> {
  say('building the image with OpenSSH and rsync (about a minute) …');
  mkdirSync(dirname(path), { recursive: true });
  const root = mkdtempSync(`${path}.`);
  try {
    chmodSync(root, 0o755);
    await bootstrap(root).catch(async (error: unknown) => {
      const { stdout } = await attempt('tail', ['-5', join(root, 'debootstrap/debootstrap.log')]);
      throw error instanceof CommandError ? new Error(`${error.message}\n${stdout}`) : error;
    });
    return await packLayer(root, path);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
