/** The mover's root file system, made by debootstrap: the same packages as in images/mover/Dockerfile. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
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
const packages = ['openssh-server', 'openssh-client', 'rsync', 'acl', 'attr'];
/** For tests that make and look at unusual files and processes. */
const testPackages = ['libcap2-bin', 'procps'];
/** Older ones have holes that a mover must not have. */
const oldestRsync = '3.5.0';
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
  const wanted = [...packages, ...testPackages].join(' ');
  await inRoot(
    root,
    `apt-get update -q && apt-get upgrade -qy && apt-get install -qy --no-install-recommends ${wanted}
    cd /tmp && apt-get download -q fpart
    # The package pulls in a mailer; only its programs are wanted. dpkg -x would replace the merged /lib.
    dpkg-deb --fsys-tarfile fpart_*.deb | tar -x -C / --keep-directory-symlink && rm fpart_*.deb
    fpart -V >/dev/null 2>&1 || fpart -h >/dev/null`,
  );
}

/** What a container needs beyond the packages, and what no one needs in one. */
async function settle(root: string): Promise<void> {
  await inRoot(
    root,
    `rm -f /etc/ssh/ssh_host_* /usr/sbin/policy-rc.d /etc/resolv.conf
    groupadd --gid 65532 mover && useradd --uid 65532 --gid 65532 --home-dir /home/mover --create-home --shell /bin/sh mover
    # '*' and not '!': sshd refuses an account that is locked, even by key.
    usermod -p '*' mover && usermod -p '*' -s /bin/sh root
    mkdir -p /run/sshd && chmod 755 /run/sshd
    apt-get clean
    rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /tmp/*`,
  );
  appendFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
}

async function checkRsync(root: string): Promise<void> {
  const [, version = '0'] = /version (\S+)/.exec(await inRoot(root, 'rsync --version')) ?? [];
  const { code } = await attempt('dpkg', ['--compare-versions', version, 'ge', oldestRsync]);
  if (code !== 0) throw new Error(`the image's rsync is ${version}; ${oldestRsync} or newer is needed`);
}

/** The layer with Debian and the mover's programs; made once for a recipe. */
export function debianLayer(): Promise<Layer> {
  const recipe = readFileSync(import.meta.filename);
  const key = createHash('sha256').update(recipe).update(process.arch).digest('hex').slice(0, 12);
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
    await settle(root);
    await checkRsync(root);
    return await packLayer(root, path);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
