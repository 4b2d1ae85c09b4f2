import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { IgnoreFiles } from '../../../../../../plugins/devsync/spec/ignore-files.ts';
import { compileIgnores } from '../../../../../../plugins/devsync/sync/ignore/ignore.ts';

const rules = (patterns: string, vcs = false) => compileIgnores({ lists: [{ base: '', patterns }], vcs });

describe('patterns', () => {
  test.each([
    ['*.o', 'a/b.o', false, true],
    ['*.o', 'a/b.c', false, false],
    ['build/', 'build', true, true],
    ['build/', 'build', false, false],
    ['/build', 'a/build', true, false],
    ['*.log\n!keep.log', 'keep.log', false, false],
    ['*.log\r\n!keep.log\r\n', 'keep.log', false, false],
    ['*.log\r\n!keep.log\r\n', 'other.log', false, true],
    ['a/**/z', 'a/b/c/z', false, true],
    ['', 'anything', false, false],
    ['# a remark', '# a remark', false, false],
    ['x', '..x', false, false],
  ])('%j on %s', (patterns, path, isDirectory, expected) => {
    expect(rules(patterns)(path, isDirectory)).toBe(expected);
  });

  test('our own folder and configuration files are always ignored, and version control where asked for', () => {
    expect(rules('')('.x8s-devsync', true)).toBe(true);
    for (const path of ['.devsync.yaml', 'sub/.devsync.yaml', 'sub/.DEVSYNC.yaml'])
      expect(rules('!.devsync.yaml')(path, false)).toBe(true);
    expect(rules('')('.git', true)).toBe(false);
    for (const path of ['.git', 'sub/.git', '.GIT', '.hg', '.svn'])
      expect(rules('', true)(path, true)).toBe(true);
    expect(rules('', true)('.gitignore', false)).toBe(false);
  });
});

describe('with git’s own files', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'ignore-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  const files: Record<string, string> = {
    '.gitignore': '*.o\n/dist\nnode_modules/\n/app/generated\n',
    'app/.gitignore': '!wanted.o\n/local\n*.tmp\n',
    'app/sub/.gitignore': '!important.tmp\n',
  };
  const paths = [
    'app/a.o',
    'app/wanted.o',
    'app/dist/x',
    'app/local',
    'app/sub/local',
    'app/sub/x.tmp',
    'app/sub/important.tmp',
    'app/node_modules/m/index.js',
    'app/generated/x',
    'app/main.c',
    'app/sub/excluded',
  ];

  test('the same is left out as git leaves out, from a directory below the repository’s', () => {
    const git = (...args: string[]) => execFileSync('git', ['-C', base, ...args], { encoding: 'utf8' });
    git('init', '-q');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), text);
    }
    writeFileSync(join(base, '.git/info/exclude'), 'excluded\n');
    for (const path of paths) {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), '');
    }
    const shown = git('ls-files', '--others', '--exclude-standard').trim().split('\n');
    const isIgnored = compileIgnores({
      ...new IgnoreFiles(join(base, 'app'), true, '/nowhere').rules,
      vcs: true,
    });
    const ours = paths.filter((path) => {
      const parts = path.slice('app/'.length).split('/');
      return parts.every(
        (_, index) => !isIgnored(parts.slice(0, index + 1).join('/'), index < parts.length - 1),
      );
    });
    expect(ours.sort()).toEqual(shown.filter((path) => paths.includes(path)).sort());
  });

  test('rules are others when what the files say has changed, and not when a first sync carries them over', () => {
    mkdirSync(join(base, 'app'));
    writeFileSync(join(base, '.gitignore'), '*.o\n');
    writeFileSync(join(base, 'app/.gitignore'), '*.tmp\n');
    const files = new IgnoreFiles(base, true, '/nowhere');
    const none = new IgnoreFiles(base, false, '/nowhere');
    const paths = ['a', '.gitignore', 'app/.gitignore'];
    expect(files.areOthers(paths)).toBe(false);
    writeFileSync(join(base, 'app/.gitignore'), '*.log\n');
    expect(files.areOthers(['a'])).toBe(false);
    expect(files.areOthers(paths)).toBe(true);
    expect(none.areOthers(paths)).toBe(false);
    writeFileSync(join(base, '.devsyncignore'), 'a\n');
    expect(none.areOthers(['.devsyncignore'])).toBe(true);
  });

  test('a directory that cannot be read is in nobody’s way', () => {
    // Its name is no text: under the one that Node gives it there is nothing.
    mkdirSync(Buffer.concat([Buffer.from(`${base}/`), Buffer.from([0xff])]));
    writeFileSync(join(base, '.gitignore'), '*.o\n');
    expect(new IgnoreFiles(base, true, '/nowhere').rules.repositories).toEqual([
      { base: '', lists: [{ base: '', patterns: '*.o\n' }], tracked: [] },
    ]);
  });
});
