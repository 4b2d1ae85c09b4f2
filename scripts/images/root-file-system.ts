/** The folder that an image's layers are packed from: unpacked packages, accounts, and nothing that changes from build to build. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { controlOf, type DebianPackage } from './debian-packages.ts';

/** Debian's own links, which its installer makes: all programs and libraries are below /usr. */
const merged = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** `*` and not `!` as a password: sshd refuses an account that is locked, even by key. */
const accounts = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    'mover:x:65532:65532::/home/mover:/bin/sh',
  ],
  'etc/group': ['root:x:0:', 'tty:x:5:', 'shadow:x:42:', 'nogroup:x:65534:', 'mover:x:65532:'],
  'etc/shadow': ['root:*:19000::::::', 'sshd:!:19000::::::', 'nobody:*:19000::::::', 'mover:*:19000::::::'],
  'etc/nsswitch.conf': ['passwd: files', 'group: files', 'shadow: files', 'hosts: files dns'],
  'etc/hosts': ['127.0.0.1 localhost'],
};

const modes: Readonly<Record<string, number>> = { 'etc/shadow': 0o640 };

/** Documentation, translations and whatever an installation would have written. */
const unneeded = [
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/share/bug',
];

/** Folders that programs expect, with their modes. */
const folders: Readonly<Record<string, number>> = {
  tmp: 0o1777,
  'var/tmp': 0o1777,
  root: 0o700,
  'run/sshd': 0o755,
  'home/mover': 0o755,
  proc: 0o755,
  sys: 0o755,
  dev: 0o755,
};

/** Unpacks the packages into an empty folder, as far as an image needs them. */
export function makeRootFileSystem(root: string, packages: readonly DebianPackage[]): void {
  for (const name of merged) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const deb of packages) unpack(root, deb);
  for (const path of unneeded) rmSync(join(root, path), { recursive: true, force: true });
  keepOnlyCopyrights(join(root, 'usr/share/doc'));
  for (const [path, mode] of Object.entries(folders)) {
    mkdirSync(join(root, path), { recursive: true });
    chmodSync(join(root, path), mode);
  }
  for (const [path, lines] of Object.entries(accounts)) {
    writeFileSync(join(root, path), `${lines.join('\n')}\n`);
    chmodSync(join(root, path), modes[path] ?? 0o644);
  }
}

function unpack(root: string, deb: DebianPackage): void {
  const data = execFileSync('dpkg-deb', ['--fsys-tarfile', deb.path], { maxBuffer: 1 << 30 });
  // Without this option a package's own /lib would replace the link to /usr/lib.
  execFileSync('tar', ['-x', '-p', '-C', root, '--keep-directory-symlink', '--no-same-owner'], {
    input: data,
  });
  const control = join(root, 'var/lib/dpkg/status.d', deb.name);
  mkdirSync(dirname(control), { recursive: true });
  writeFileSync(control, controlOf(deb));
}

/** Licences have to come along; the rest of the documentation does not. */
function keepOnlyCopyrights(docs: string): void {
  for (const name of readdirSync(docs)) {
    for (const file of readdirSync(join(docs, name)))
      if (file !== 'copyright') rmSync(join(docs, name, file), { recursive: true, force: true });
    if (readdirSync(join(docs, name)).length === 0) rmSync(join(docs, name), { recursive: true });
  }
}
