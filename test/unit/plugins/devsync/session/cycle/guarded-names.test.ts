/** What a container does not bring here unasked: hooks of any version control, and rules that say what is sent from here. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { IgnoreFiles } from '../../../../../../plugins/devsync/spec/ignore-files.ts';
import { ignoreRules, type SyncSpec } from '../../../../../../plugins/devsync/spec/spec.ts';
import { isRuleFile, isVcsDirectory } from '../../../../../../plugins/devsync/sync/ignore/guarded-names.ts';
import { compileIgnores } from '../../../../../../plugins/devsync/sync/ignore/ignore.ts';
import { openPair, type Pair, type PairOptions } from '../../support/pair.ts';
import { specOf } from '../../support/specs.ts';

jest.setTimeout(60_000);

type Files = Record<string, string>;

function write(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const read = (root: string, path: string) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;

/** A pair whose sides have these files, and are as much the same as they become. */
async function synced(here: Files, there: Files = {}, options: PairOptions = {}): Promise<Pair> {
  const pair = openPair(options);
  write(pair.local, here);
  write(pair.container, there);
  await pair.start();
  await pair.synchronizer.flush();
  return pair;
}

const conflicts = ({ synchronizer }: Pair) => synchronizer.state.conflicts.map(({ path }) => path).sort();

test.each([
  ['.hg', true],
  ['.HG', true],
  ['.hg ', true],
  ['HG~1', true],
  ['_darcs', true],
  ['.jj', true],
  ['.svn', true],
  ['.bzr', true],
  ['CVS', true],
  ['cvs', false],
  ['.git', true],
  ['.github', false],
  ['darcs', false],
])('%j is of version control: %s', (name, expected) => {
  expect(isVcsDirectory(name)).toBe(expected);
});

test.each([
  ['.devsyncignore', false, true],
  ['.DevSyncIgnore', false, true],
  ['.gitignore', false, false],
  ['.gitignore', true, true],
  ['.GITIGNORE', true, true],
  ['GITIGN~1', true, true],
  ['gitignore', true, false],
])('%j decides what is sent, with git’s lists %s: %s', (name, useGitignore, expected) => {
  expect(isRuleFile(name, useGitignore)).toBe(expected);
});

describe.each(['.hg', '_darcs', 'CVS', '.svn', '.bzr', '.jj'])('%s', (name) => {
  test('goes to the container, and does not come from it', async () => {
    const it = await synced(
      { [`a/${name}/config`]: 'ours' },
      { [`b/${name}/config`]: 'hooks', 'b/file': 'x', [`${name}/config`]: 'hooks' },
    );
    expect(read(it.container, `a/${name}/config`)).toBe('ours');
    expect([read(it.local, 'b/file'), read(it.local, `b/${name}/config`)]).toEqual(['x', undefined]);
    expect(existsSync(join(it.local, name))).toBe(false);
    write(it.container, { [`a/${name}/config`]: 'hooks', [`a/${name}/hook`]: 'new' });
    await it.synchronizer.flush();
    expect(readdirSync(join(it.local, 'a', name))).toEqual(['config']);
    expect(read(it.local, `a/${name}/config`)).toBe('ours');
    expect(conflicts(it)).toEqual([`a/${name}/config`]);
  });

  test('comes from it where a person says so', async () => {
    const it = await synced({ file: 'x' }, { [`${name}/config`]: 'asked for' }, { sync: { takeGit: true } });
    expect(read(it.local, `${name}/config`)).toBe('asked for');
  });
});

describe('rules about what is sent', () => {
  const useGitignore = { sync: { useGitignore: true } };

  test('go to the container, and are changed, deleted or made there only once a person has said so', async () => {
    const it = await synced(
      { '.gitignore': '.env', 'sub/.gitignore': 'secret', '.devsyncignore': 'x' },
      {},
      useGitignore,
    );
    expect(read(it.container, 'sub/.gitignore')).toBe('secret');
    write(it.container, {
      '.gitignore': '!.env',
      'new/.gitignore': '!.env',
      'new/file': 'x',
      '.devsyncignore': '!x',
    });
    rmSync(join(it.container, 'sub'), { recursive: true });
    await it.synchronizer.flush();
    await it.synchronizer.flush();
    expect(
      ['.gitignore', 'sub/.gitignore', '.devsyncignore', 'new/.gitignore', 'new/file'].map((path) =>
        read(it.local, path),
      ),
    ).toEqual(['.env', 'secret', 'x', undefined, 'x']);
    expect(conflicts(it)).toEqual(['.devsyncignore', '.gitignore', 'new/.gitignore']);
    for (const path of ['.gitignore', 'new/.gitignore']) await it.synchronizer.resolve(path, 'container');
    await it.synchronizer.flush();
    expect([read(it.local, '.gitignore'), read(it.local, 'new/.gitignore')]).toEqual(['!.env', '!.env']);
    expect(conflicts(it)).toEqual(['.devsyncignore']);
  });

  test('are edited and deleted here as ever', async () => {
    const it = await synced({ '.gitignore': '.env', '.devsyncignore': 'x' }, {}, useGitignore);
    write(it.local, { '.gitignore': '*.o' });
    rmSync(join(it.local, '.devsyncignore'));
    await it.synchronizer.flush();
    expect([read(it.container, '.gitignore'), readdirSync(it.container)]).toEqual(['*.o', ['.gitignore']]);
    expect(conflicts(it)).toEqual([]);
  });

  test('are ordinary files where git’s lists are none', async () => {
    const it = await synced({ '.gitignore': 'a' });
    write(it.container, { '.gitignore': 'b' });
    await it.synchronizer.flush();
    expect(read(it.local, '.gitignore')).toBe('b');
  });

  test.each([
    ['two-way-resolved', 'container', true],
    ['two-way-resolved', 'local', false],
    ['one-way-replica', 'container', false],
  ] as const)('are left alone on both sides in %s from %s: %s', (mode, from, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'devsync-rules-'));
    const spec: SyncSpec = { ...specOf(folder, '/app'), mode, from, useGitignore: true };
    const isIgnored = compileIgnores(ignoreRules(spec, new IgnoreFiles(folder, true, '/nowhere').rules));
    rmSync(folder, { recursive: true });
    for (const path of ['.devsyncignore', 'a/.gitignore', '.GITIGNORE'])
      expect(isIgnored(path, false)).toBe(expected);
    expect(isIgnored('a/file', false)).toBe(false);
  });
});
