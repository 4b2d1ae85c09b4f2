/** Real tools on this workstation, with a container beside: git, npm, vim, and a build in the container. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Workplace } from './support/devsync.ts';
import { expectSame, localSide } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();
let spare: string;
let origin: string;
beforeAll(() => {
  spare = mkdtempSync(join(tmpdir(), 'devsync-tools-'));
  origin = repository(600);
});
afterAll(() => rmSync(spare, { recursive: true, force: true }));

async function synced(name: string, ...options: string[]): Promise<Workplace> {
  const work = open();
  await work.sync(name, { options });
  return work;
}

const nobody = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: nobody,
  });

/** A repository with two branches that differ in many files, some of them there on one branch only. */
function repository(files: number): string {
  const folder = join(spare, 'origin');
  mkdirSync(folder);
  git(folder, 'init', '-q', '-b', 'main');
  const write = (index: number, text: string) => {
    const parent = join(folder, `package-${index % 20}`, `src-${index % 7}`);
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `${index}.ts`), `export const value = '${text} ${index}';\n`.repeat(20));
  };
  for (let index = 0; index < files; index++) write(index, 'main');
  git(folder, 'add', '-A');
  git(folder, 'commit', '-qm', 'main');
  git(folder, 'checkout', '-qb', 'feature');
  for (let index = 0; index < files; index += 2) write(index, 'feature');
  for (let index = files; index < files + 50; index++) write(index, 'new');
  rmSync(join(folder, 'package-3'), { recursive: true });
  git(folder, 'add', '-A');
  git(folder, 'commit', '-qm', 'feature');
  git(folder, 'checkout', '-q', 'main');
  return folder;
}

test.each([
  ['with .git', []],
  ['without .git', ['--ignore-vcs']],
] as const)('git clone, and branches back and forth: %s', async (words, options) => {
  const name = options.length > 0 ? 'branches' : 'clone';
  const it = await synced(name, ...options);
  git(it.local, 'clone', '-q', origin, 'app');
  await it.must('flush', name);
  if (name === 'clone') await expectSame(it, name);
  for (const branch of ['feature', 'main', 'feature']) {
    git(join(it.local, 'app'), 'checkout', '-q', branch);
    await it.must('flush', name);
    // Nothing came back from the other side to spoil it.
    expect([words, git(join(it.local, 'app'), 'status', '--porcelain')]).toEqual([words, '']);
    if (name === 'clone') await expectSame(it, name);
    else {
      const tracked = git(join(it.local, 'app'), 'ls-files').split('\n').length - 1;
      expect(await it.sh(name, 'find /work/app -type f | wc -l')).toBe(`${tracked}\n`);
    }
  }
  if (name === 'branches') expect(await it.sh(name, 'ls -A /work/app')).not.toMatch(/\.git/);
  // Someone edits in the container meanwhile: it is a change like any other, for git too.
  await it.sh(name, 'echo "// there" >>/work/app/package-1/src-1/1.ts');
  await it.must('flush', name);
  expect(git(join(it.local, 'app'), 'status', '--porcelain')).toBe(' M package-1/src-1/1.ts\n');
});

test('npm install, its links and executables', async () => {
  const it = await synced('npm');
  const tarballs = packages(8);
  it.write('package.json', JSON.stringify({ name: 'app', version: '1.0.0' }));
  const npm = (...args: string[]) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: it.local,
      stdio: 'ignore',
      env: { ...process.env, npm_config_cache: join(spare, 'npm') },
    });
  npm('install', ...tarballs);
  await it.must('flush', 'npm');
  await expectSame(it, 'npm');
  expect(await it.sh('npm', 'readlink /work/node_modules/.bin/tool3')).toBe('../tool3/cli.js\n');
  expect(await it.sh('npm', 'find /work/node_modules -name "*.js" | wc -l')).toBe('1608\n');
  npm('uninstall', 'tool1', 'tool2');
  await it.must('flush', 'npm');
  await expectSame(it, 'npm');
  rmSync(join(it.local, 'node_modules'), { recursive: true });
  // All at once, and more than half of everything: that is what the brake is for.
  expect((await it.devsync('flush', 'npm')).code).toBe(3);
  await it.must('resume', 'npm', '--confirm');
  await expectSame(it, 'npm');
});

/** Packages with 200 modules and a command each, as tarballs. */
function packages(count: number): string[] {
  const folders = Array.from({ length: count }, (_, index) => {
    const folder = join(spare, `tool${index}`);
    mkdirSync(join(folder, 'lib'), { recursive: true });
    const description = { name: `tool${index}`, version: '1.0.0', bin: { [`tool${index}`]: 'cli.js' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(description));
    writeFileSync(join(folder, 'cli.js'), '#!/usr/bin/env node\n', { mode: 0o755 });
    for (let module = 0; module < 200; module++)
      writeFileSync(join(folder, 'lib', `${module}.js`), `module.exports = ${index * 1000 + module};\n`);
    return folder;
  });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', spare, ...folders], { stdio: 'ignore' });
  return folders.map((folder) => `${folder}-1.0.0.tgz`);
}

test('saves as vim and VS Code make them', async () => {
  const it = await synced('editors');
  it.write('vim.txt', 'one\n');
  it.write('code.txt', 'one\n');
  await it.must('flush', 'editors');
  await it.sh('editors', 'chown 1234:5678 /work/*.txt; chmod 640 /work/*.txt');
  for (let save = 0; save < 5; save++) {
    // With a backup and without; both replace the file or write over it as vim thinks best.
    const backup = save % 2 === 0 ? 'set backup writebackup backupcopy=no' : 'set nobackup backupcopy=yes';
    const keys = ['-c', backup, '-c', `normal Gosave ${save}`, '-c', 'wq', 'vim.txt'];
    execFileSync('vim', ['-u', 'NONE', '-N', '-es', '--not-a-term', ...keys], {
      cwd: it.local,
      stdio: 'ignore',
    });
    // VS Code opens with O_TRUNC and writes; in between the file is empty.
    writeFileSync(join(it.local, 'code.txt'), `save ${save}\n`);
    await expectSaved(it, 'vim.txt', `save ${save}`);
    await expectSaved(it, 'code.txt', `save ${save}`);
  }
  await it.must('flush', 'editors');
  await expectSame(it, 'editors');
  expect(await it.sh('editors', 'stat -c "%u:%g %a" /work/vim.txt /work/code.txt')).toBe(
    '1234:5678 640\n1234:5678 640\n',
  );
  expect(localSide(it)).not.toMatch(/\.sw[po]/);
});

/** The save is there without anybody asking for it. */
async function expectSaved(it: Workplace, file: string, text: string): Promise<void> {
  const wait = `for i in $(seq 100); do tail -n 1 /work/${file} | grep -qx '${text}' && exit 0; sleep 0.05; done; cat /work/${file}; exit 1`;
  await it.sh('editors', wait);
}

test('a build in the container, again and again, while its sources are edited here', async () => {
  const it = await synced('build');
  for (let index = 0; index < 60; index++) it.write(`src/${index}.txt`, `source ${index}`);
  await it.must('flush', 'build');
  const build = `cd /work; for round in 1 2 3 4; do
    rm -rf dist.new; mkdir -p dist.new/deep
    for f in src/*.txt; do n=$(basename $f); { echo "built $round"; cat $f; } >dist.new/$n; cp dist.new/$n dist.new/deep/$n; done
    rm -rf dist; mv dist.new dist; sleep 0.3
  done; chmod +x dist/1.txt; ln -s 1.txt dist/main`;
  const building = it.sh('build', build);
  for (let edit = 0; edit < 20; edit++) {
    it.write(`src/${edit}.txt`, `edited ${edit}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await building;
  await it.must('flush', 'build');
  await expectSame(it, 'build');
  expect(readFileSync(join(it.local, 'dist/deep/59.txt'), 'utf8')).toBe('built 4\nsource 59');
  expect(it.read('src/19.txt')).toBe('edited 19');
});
