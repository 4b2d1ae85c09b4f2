/**
 * What a release is made of, for every platform: programs whose headers and signatures others read, archives that the
 * real krew installs, upgrades and removes, from a server on this machine.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { archivesFolder, projectVersion } from '../../scripts/archives.ts';
import { bundleOf, root as project } from '../../scripts/build.ts';
import { templateOf } from '../../scripts/krew-manifests.ts';
import { distOf } from '../../scripts/package.ts';
import { digestOf } from '../../scripts/release/archive.ts';
import { renderManifest, shortDescriptionOf } from '../../scripts/release/krew-manifest.ts';
import { archiveOf, programOf, releasePlatforms, releasePlugins } from '../../scripts/release/targets.ts';
import { must, run } from '../cluster/support/process.ts';
import { kubectlPath } from '../lab/index.ts';
import { debianProgram } from './support/debian-program.ts';
import { goTools } from './support/go-tools.ts';

jest.setTimeout(1_800_000);

const version = projectVersion();
let server: Server;
let base = '';
let work = '';
const digests = new Map<string, string>();
/** Manifests that the server hands out, by plugin, as a release does beside its archives. */
const published = new Map<string, string>();

/** Makes all archives, in a process of its own as a person would; their digests by name. */
async function makeAll(): Promise<Map<string, string>> {
  await must(process.execPath, [join(project, 'scripts/archives.ts'), '--platform', 'all']);
  const names = releasePlatforms.flatMap((platform) =>
    releasePlugins.map((plugin) => archiveOf(plugin, version, platform)),
  );
  const made = new Map<string, string>();
  for (const name of names) made.set(name, await digestOf(join(archivesFolder, name)));
  return made;
}

beforeAll(async () => {
  for (const [name, digest] of await makeAll()) digests.set(name, digest);
  work = mkdtempSync(join(tmpdir(), 'x8s-release-'));
  server = createServer((request, response) => {
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    const manifest = published.get(name.replace(/\.yaml$/, ''));
    if (manifest !== undefined) response.end(manifest);
    else if (!digests.has(name)) response.writeHead(404).end();
    else response.end(readFileSync(join(archivesFolder, name)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

const everyProgram = releasePlatforms.flatMap((platform) =>
  releasePlugins.map((plugin) => ({
    plugin,
    platform,
    path: join(distOf(platform.node), programOf(plugin, platform)),
  })),
);

describe('programs', () => {
  test('for macOS bear a signature that another reader finds whole', async () => {
    const reader = join(await goTools('machocheck'), 'machocheck');
    for (const { plugin, platform, path } of everyProgram.filter(({ platform: { os } }) => os === 'darwin')) {
      expect(JSON.parse(await must(reader, [path]))).toMatchObject({
        cpu: platform.arch === 'arm64' ? 'AARCH64' : 'Amd64',
        identifier: `kubectl-${plugin}`,
        flags: 2,
        covered: true,
        atEnd: true,
        linkEditAtEnd: true,
        executableLimit: true,
        hasCode: true,
      });
    }
  });

  test('for Linux and Windows are of their processor, by their headers', () => {
    const machine = {
      linux: { amd64: 0x3e, arm64: 0xb7 },
      windows: { amd64: 0x8664, arm64: 0xaa64 },
    } as const;
    for (const { platform, path } of everyProgram) {
      if (platform.os === 'darwin') continue;
      const head = readFileSync(path).subarray(0, 4096);
      const at = platform.os === 'linux' ? 18 : head.readUInt32LE(0x3c) + 4;
      expect(head.toString('latin1', 0, 4)).toMatch(platform.os === 'linux' ? /^\x7fELF/ : /^MZ/);
      expect(head.readUInt16LE(at)).toBe(machine[platform.os][platform.arch]);
    }
  });
});

test('programs for Windows say what they are, to a reader of another make, and bear no broken signature', async () => {
  const exiftool = debianProgram('exiftool', 'libimage-exiftool-perl');
  for (const { plugin, path } of everyProgram.filter(({ platform: { os } }) => os === 'windows')) {
    const [said] = JSON.parse(await must(exiftool, ['-json', path])) as unknown[];
    expect(said).toMatchObject({
      ProductName: 'x8s',
      FileDescription: shortDescriptionOf(templateOf(plugin)),
      FileVersionNumber: `${version.slice(1)}.0`,
      ProductVersion: version.slice(1),
      InternalName: `kubectl-${plugin}`,
      OriginalFileName: `kubectl-${plugin}.exe`,
    });
    expect(certificateTableOf(readFileSync(path))).toEqual({ offset: 0, size: 0 });
  }
});

/** Where an executable for Windows (PE32+) keeps its signature: the fifth of its data directories. */
function certificateTableOf(program: Buffer): { offset: number; size: number } {
  const optionalHeader = program.readUInt32LE(0x3c) + 24;
  const entry = optionalHeader + 112 + 4 * 8;
  return { offset: program.readUInt32LE(entry), size: program.readUInt32LE(entry + 4) };
}

describe('programs of every platform', () => {
  test.each(everyProgram.map(({ platform, plugin, path }) => [`${platform.node} ${plugin}`, plugin, path]))(
    '%s holds the whole bundle of its plugin',
    (_, plugin, path) => {
      expect(readFileSync(path).includes(readFileSync(bundleOf(plugin)))).toBe(true);
    },
  );
});

describe('archives', () => {
  test('are small enough to be downloaded in passing', () => {
    for (const name of digests.keys())
      expect({ name, isSmall: statSync(join(archivesFolder, name)).size <= 45e6 }).toEqual({
        name,
        isSmall: true,
      });
  });

  test('are the same bytes when they are made again', async () => {
    for (const plugin of releasePlugins)
      for (const platform of releasePlatforms)
        rmSync(join(distOf(platform.node), programOf(plugin, platform)));
    expect(await makeAll()).toEqual(digests);
  });
});

/** krew with a root of its own, and kubectl to call it by. */
async function krewIn(root: string, platform: { os: string; arch: string } = { os: 'linux', arch: 'amd64' }) {
  const tools = await goTools('krew');
  const bin = join(root, 'tools');
  mkdirSync(bin, { recursive: true });
  for (const [name, target] of [
    ['kubectl', kubectlPath()],
    ['kubectl-krew', join(tools, 'krew')],
  ] as const)
    symlinkSync(target, join(bin, name));
  const env = {
    HOME: root,
    KREW_ROOT: join(root, 'krew'),
    KREW_OS: platform.os,
    KREW_ARCH: platform.arch,
    KREW_NO_UPGRADE_CHECK: '1',
    PATH: `${join(root, 'krew', 'bin')}:${bin}:/usr/bin:/bin`,
  };
  return {
    env,
    krew: (...args: string[]) => must('kubectl', ['krew', ...args], { env }),
    validator: join(tools, 'validate-krew-manifest'),
  };
}

/** A folder with the manifests of a version, as an index has them. */
function manifests(folder: string, tag: string): string {
  mkdirSync(join(folder, 'plugins'), { recursive: true });
  for (const plugin of releasePlugins) {
    // Another version of the same archives: what is upgraded to is what krew is told.
    const release = {
      version: tag,
      baseUrl: base,
      digestOf: (name: string) => digests.get(name.replace(tag, version)) ?? '',
    };
    const text = renderManifest(templateOf(plugin), release).replaceAll(`_${tag}_`, `_${version}_`);
    writeFileSync(join(folder, 'plugins', `${plugin}.yaml`), text);
  }
  return join(folder, 'plugins');
}

/** git in a folder, as somebody who may commit. */
const asTester = (folder: string) => ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@invalid'];

describe('krew', () => {
  test.each(releasePlugins)(
    'finds nothing to complain of in the manifest of %s, and installs it for every platform',
    async (plugin) => {
      const root = mkdtempSync(join(work, 'validate-'));
      const { env, validator } = await krewIn(root);
      const folder = manifests(join(root, 'index'), version);
      const { code, stderr } = await run(validator, ['-manifest', join(folder, `${plugin}.yaml`)], {
        env: { ...env, TMPDIR: root },
      });
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining('structural validation OK'),
      });
    },
  );

  test('installs from a manifest and an archive, runs, upgrades and uninstalls', async () => {
    const root = mkdtempSync(join(work, 'krew-'));
    const { env, krew } = await krewIn(root);
    const index = join(root, 'index');
    const git = (...args: string[]) =>
      execFileSync('git', [...asTester(index), ...args], { stdio: 'ignore' });
    manifests(index, version);
    git('init', '--initial-branch=main');
    git('add', '.');
    git('commit', '-m', version);
    await krew('index', 'add', 'local', `file://${index}`);
    for (const plugin of releasePlugins) {
      await krew('install', `local/${plugin}`);
      expect(await must('kubectl', [plugin, '--version'], { env })).toContain(`${plugin} ${version}`);
      expect(await must('kubectl', [plugin, '--help'], { env })).toContain(`kubectl ${plugin}`);
    }
    manifests(index, 'v99.0.0');
    git('commit', '-am', 'v99.0.0');
    await krew('update');
    await krew('upgrade');
    // `krew list` names no versions where nobody looks on.
    for (const plugin of releasePlugins)
      expect(readFileSync(join(env.KREW_ROOT, 'receipts', `${plugin}.yaml`), 'utf8')).toContain('v99.0.0');
    for (const plugin of releasePlugins) await krew('uninstall', plugin);
    expect((await krew('list')).trim()).not.toContain('x8sync');
    expect((await run('kubectl', ['x8sync', '--version'], { env })).code).not.toBe(0);
  });

  test('installs from the address of a manifest, which it does not upgrade, and again after uninstalling', async () => {
    const root = mkdtempSync(join(work, 'address-'));
    const { env, krew } = await krewIn(root);
    const folder = manifests(join(root, 'index'), version);
    // krew uninstalls nothing before it has some index.
    execFileSync('git', ['-C', join(root, 'index'), 'init', '--initial-branch=main'], { stdio: 'ignore' });
    execFileSync('git', [...asTester(join(root, 'index')), 'add', '.'], { stdio: 'ignore' });
    execFileSync('git', [...asTester(join(root, 'index')), 'commit', '-m', version], { stdio: 'ignore' });
    await krew('index', 'add', 'local', `file://${join(root, 'index')}`);
    for (const plugin of releasePlugins) {
      published.set(plugin, readFileSync(join(folder, `${plugin}.yaml`), 'utf8'));
      await krew('install', '--no-update-index', '--manifest-url', `${base}/${plugin}.yaml`);
      expect(await must('kubectl', [plugin, '--version'], { env })).toContain(`${plugin} ${version}`);
    }
    // What README says of it: krew leaves such a plugin as it is.
    const { code, stderr } = await run('kubectl', ['krew', 'upgrade', '--no-update-index', 'x8sync'], {
      env,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Skipping upgrade') });
    await krew('uninstall', 'x8sync');
    await krew('install', '--no-update-index', '--manifest-url', `${base}/x8sync.yaml`);
  });

  test('installs from files alone, as on a machine without a network', async () => {
    const root = mkdtempSync(join(work, 'files-'));
    const { env, krew } = await krewIn(root);
    const archive = join(root, archiveOf('x8sync', version, { os: 'linux', arch: 'amd64' }));
    copyFileSync(join(archivesFolder, archive.slice(root.length + 1)), archive);
    await krew(
      'install',
      '--manifest',
      join(manifests(join(root, 'index'), version), 'x8sync.yaml'),
      '--archive',
      archive,
    );
    expect(await must('kubectl', ['x8sync', '--version'], { env })).toContain(`x8sync ${version}`);
  });
});
