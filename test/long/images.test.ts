/**
 * `npm run images`: the same bytes twice, images whose programs run, and a registry that takes them. Needs Debian's
 * archive, and root for chroot.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { debianProgram } from './support/debian-program.ts';
import { startRegistry } from './support/registry.ts';

jest.setTimeout(1_800_000);

const root = join(import.meta.dirname, '..', '..');
const images = join(root, 'dist', 'images');
const work = mkdtempSync(join(tmpdir(), 'x8s-images-'));

interface Made {
  readonly version: string;
  readonly digests: Readonly<Record<'mover' | 'controller', string>>;
}

function make(platform: string, ...more: string[]): Made {
  const args = ['scripts/images.ts', '--platform', platform, ...more];
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 2] });
  return JSON.parse(readFileSync(join(images, 'images.json'), 'utf8')) as Made;
}

interface Layer {
  readonly path: string;
  /** Of the compressed layer, as a registry keeps it and a node pulls it. */
  readonly size: number;
}

/** An image's layers for one architecture, in a folder that is made for them. */
function layersOf(name: string, architecture: string, { version }: Made): Layer[] {
  const layout = mkdtempSync(join(work, `${name}-${architecture}-layout-`));
  execFileSync('tar', ['-xf', join(images, `${name}_v${version}.tar`), '-C', layout]);
  const path = (digest: string) => join(layout, 'blobs', 'sha256', digest.replace('sha256:', ''));
  const json = (digest: string) => JSON.parse(readFileSync(path(digest), 'utf8'));
  const [top] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const entry = json(top.digest).manifests.find(
    ({ platform }: { platform: { architecture: string } }) => platform.architecture === architecture,
  );
  return json(entry.digest).layers.map(({ digest }: { digest: string }) => ({
    path: path(digest),
    size: statSync(path(digest)).size,
  }));
}

/** Unpacks an image's layers for one architecture, one over the other. */
function unpack(name: string, architecture: string, made: Made): string {
  const target = join(work, `${name}-${architecture}`);
  mkdirSync(target);
  for (const { path } of layersOf(name, architecture, made))
    execFileSync('tar', ['-xzpf', path, '-C', target, '--keep-directory-symlink']);
  return target;
}

const inside = (folder: string, script: string) =>
  execFileSync('chroot', [folder, '/bin/sh', '-ec', script], { encoding: 'utf8' });

let first: Made;
beforeAll(() => {
  first = make('all');
  cpSync(images, join(work, 'first'), { recursive: true });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('two builds give equal digests and equal bills of materials', () => {
  expect(make('all')).toEqual(first);
  const name = `mover_v${first.version}.tar.linux-arm64.spdx.json`;
  expect(readFileSync(join(images, name))).toEqual(readFileSync(join(work, 'first', name)));
});

test('the mover has the programs that it runs, rsync 3.5.0 or newer among them', () => {
  const mover = unpack('mover', 'amd64', first);
  execFileSync('mknod', ['-m', '666', join(mover, 'dev', 'null'), 'c', '1', '3']);
  expect(inside(mover, 'x8s-mover 2>&1 || true')).toContain('usage: x8s-mover');
  expect(inside(mover, 'rsync --version')).toMatch(/^rsync +version (3\.[5-9]|[4-9])/);
  for (const program of ['find', 'xargs', 'df', 'touch', 'sync', 'getfattr', 'setfattr', 'ssh', 'perl'])
    expect(inside(mover, `command -v ${program}`)).toMatch(/^\/usr\//);
  expect(inside(mover, `perl -e 'print 6 * 7'`)).toBe('42');
  const start =
    'ssh-keygen -q -t ed25519 -N "" -f /tmp/key && /usr/sbin/sshd -t -f /dev/null -h /tmp/key && echo starts';
  expect(inside(mover, start)).toBe('starts\n');
});

/**
 * The mover's image as it was when it held a shell script in the place of Node.js: Debian 12 by debootstrap (minbase) with
 * images/mover/install.sh of that commit and the script, one layer of 94,402,560 bytes, compressed by gzip -9.
 */
const beforeNode = { commit: '245aa644', bytes: 35_259_484 };

test('the image of the mover is at most twice as large as before it had a Node.js of its own', () => {
  const sizes = layersOf('mover', 'amd64', first).map(({ size }) => size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  // It does hold a Node.js, which has 40 MB compressed.
  expect(bytes).toBeGreaterThan(40e6);
  expect(bytes).toBeLessThanOrEqual(2 * beforeNode.bytes);
});

test('no program of an image runs with more rights than its caller has', () => {
  const found = execFileSync('find', [join(work, 'mover-amd64'), '-perm', '/6000'], { encoding: 'utf8' });
  expect(found).toBe('');
});

test('the controller runs each plugin, and Node.js and Perl for agents', () => {
  const controller = unpack('controller', 'amd64', first);
  const run = (...command: string[]) =>
    execFileSync('chroot', ['--userspec=65532:65532', controller, ...command], { encoding: 'utf8' });
  for (const plugin of ['x8sync', 'nsreplicate', 'devsync'])
    expect(run(`/usr/local/bin/kubectl-${plugin}`, '--version')).toMatch(new RegExp(`^${plugin} v`));
  expect(run('/usr/local/bin/node', '-p', '6 * 7')).toBe('42\n');
  execFileSync('mknod', ['-m', '666', join(controller, 'dev', 'null'), 'c', '1', '3']);
  expect(run('/usr/bin/perl', '-e', 'use strict; use warnings; print 6 * 7')).toBe('42');
});

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

test('a registry takes them by --push, under the digests that a release knows', async () => {
  debianProgram('skopeo', 'skopeo');
  const port = await freePort();
  const registry = await startRegistry({ folder: join(work, 'registry'), port });
  try {
    const to = `127.0.0.1:${port}/x8s`;
    const made = make('all', '--push', to);
    for (const [name, digest] of Object.entries(made.digests)) {
      const url = `http://127.0.0.1:${port}/v2/x8s/${name}/manifests/${made.version}`;
      const answer = await fetch(url, { headers: { accept: 'application/vnd.oci.image.index.v1+json' } });
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
      const { manifests } = (await answer.json()) as { manifests: unknown[] };
      expect(manifests).toHaveLength(2);
    }
  } finally {
    registry.stop();
  }
});
