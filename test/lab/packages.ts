/** The Debian packages that the lab needs, installed where they are missing. */
import { existsSync } from 'node:fs';
import { say } from './report.ts';
import { run } from './shell.ts';

/** A file that shows that a package is there, and the package. */
const needed: Readonly<Record<string, string>> = {
  '/usr/bin/containerd': 'containerd',
  '/usr/sbin/runc': 'runc',
  '/usr/lib/cni/ptp': 'containernetworking-plugins',
  '/usr/sbin/iptables': 'iptables',
  '/usr/sbin/nft': 'nftables',
  '/usr/sbin/ipset': 'ipset',
  '/usr/sbin/conntrack': 'conntrack',
  '/usr/bin/socat': 'socat',
  '/usr/sbin/debootstrap': 'debootstrap',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
  '/usr/bin/bindfs': 'bindfs',
  '/usr/lib/python3/dist-packages/fusepy.py': 'python3-fusepy',
  // For the unit tests that run the mover without a cluster.
  '/usr/bin/rsync': 'rsync',
  '/usr/sbin/sshd': 'openssh-server',
  '/usr/bin/getfattr': 'attr',
  '/usr/bin/getfacl': 'acl',
  // For unit tests of completion in the shells themselves.
  '/usr/bin/zsh': 'zsh',
  '/usr/bin/fish': 'fish',
  '/usr/bin/openssl': 'openssl',
  '/usr/bin/nsenter': 'util-linux',
  '/usr/bin/mount': 'mount',
  '/usr/bin/ip': 'iproute2',
  '/usr/bin/git': 'git',
  '/etc/ssl/certs/ca-certificates.crt': 'ca-certificates',
  // Tests of live views need a terminal.
  '/usr/bin/tmux': 'tmux',
  // For the page of nsreplicate's service.
  '/usr/bin/chromium': 'chromium',
};

/** Packages that are not installed. */
export function missingPackages(): string[] {
  const merged = (path: string): boolean => existsSync(path) || existsSync(path.replace('/usr/', '/'));
  return Object.entries(needed).flatMap(([file, name]) => (merged(file) ? [] : [name]));
}

/** Installs the missing packages; their services are not started. */
export async function installPackages(): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`installing Debian packages: ${missing.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '-qq', '-y', '--no-install-recommends', ...missing];
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', install, { env });
}
