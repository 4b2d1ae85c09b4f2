/** What is read of a git repository, from repositories that git itself has made. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { findRepository } from '../../../../../plugins/devsync/spec/git-repository.ts';
import { IgnoreFiles } from '../../../../../plugins/devsync/spec/ignore-files.ts';
import { compileIgnores, isIgnoredWithin } from '../../../../../plugins/devsync/sync/ignore/ignore.ts';

jest.setTimeout(60_000);

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'repository-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-C', base, '-c', 'user.name=t', '-c', 'user.email=t@invalid', ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  });

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
}

/** Of these paths, those that are left out; a directory ends with a slash. */
function leftOut(paths: readonly string[], root = ''): string[] {
  const isIgnored = isIgnoredWithin({
    ...new IgnoreFiles(join(base, root), true, '/nowhere').rules,
    vcs: false,
  });
  return paths.filter((path) => isIgnored(path.replace(/\/$/, ''), path.endsWith('/')));
}

describe('the index', () => {
  const files = { 'a/b': '1', 'a/é': '2', [`long/${'x'.repeat(200)}`]: '3', z: '4' };

  test.each<[string, string[], string[]]>([
    ['version 2', [], ['update-index', '--index-version', '2']],
    ['version 4, with paths that go on from one another', [], ['update-index', '--index-version', '4']],
    ['with entries that are only intended', [], ['add', '-N', 'later']],
    ['of SHA-256', ['--object-format=sha256'], ['status']],
    ['in two files', [], ['update-index', '--split-index']],
  ])('%s', (_, init, then) => {
    git('init', '-q', ...init);
    write(files);
    git('add', '.');
    write({ later: '' });
    git(...then);
    write({ last: '' });
    git('add', 'last');
    const listed = git('ls-files', '-z').split('\0').filter(Boolean).sort();
    expect([...(findRepository(base)?.tracked() ?? [])].sort()).toEqual(listed);
    expect(findRepository(join(base, 'a'))?.top).toBe(base);
  });

  test('of a worktree is its own, and what is excluded is the repository’s', () => {
    git('init', '-q');
    write(files);
    git('add', '.');
    git('commit', '-qm', 'x');
    git('worktree', 'add', '-q', '-b', 'other', join(base, 'tree'));
    write({ 'tree/own': '', '.git/info/exclude': 'build\n' });
    git('-C', 'tree', 'add', 'own');
    expect(findRepository(join(base, 'tree'))?.tracked()).toContain('own');
    expect(leftOut(['build', 'own'], 'tree')).toEqual(['build']);
  });

  test('that cannot be read is said, not taken for an empty one', () => {
    git('init', '-q');
    write({ '.git/index': 'DIRC and no more of it' });
    expect(() => findRepository(base)?.tracked()).toThrow(/what git tracks in .* is not known/);
  });
});

describe('what is left out', () => {
  test('case counts, unless the repository says that it does not', () => {
    git('init', '-q');
    write({ '.gitignore': 'build\ncore\n*.O\n' });
    const paths = ['BUILD', 'Core/', 'build', 'x.o'];
    expect(leftOut(paths)).toEqual(['build']);
    git('config', 'core.ignoreCase', 'true');
    expect(leftOut(paths)).toEqual(paths);
  });

  test('what git tracks is not, and all else in an ignored directory is', () => {
    git('init', '-q');
    write({ '.gitignore': 'dist/\n*.env\n', 'dist/deep/kept.js': '', 'dist/other.js': '', 'prod.env': '' });
    git('add', '-f', 'dist/deep/kept.js', 'prod.env');
    const paths = [
      'dist/',
      'dist/deep/',
      'dist/deep/kept.js',
      'dist/deep/new.js',
      'dist/other.js',
      'prod.env',
    ];
    expect(leftOut(paths)).toEqual(['dist/deep/new.js', 'dist/other.js']);
    expect(leftOut(['deep/', 'deep/kept.js', 'other.js'], 'dist')).toEqual(['other.js']);
  });

  test('a list by hand overrules git both ways, tracked or not', () => {
    git('init', '-q');
    write({ '.gitignore': 'dist/\n', 'dist/x': '', 'prod.env': '', '.devsyncignore': '!dist/\n*.env\n' });
    git('add', '-f', 'prod.env', 'dist/x');
    expect(leftOut(['dist/', 'dist/x', 'dist/y', 'prod.env'])).toEqual(['prod.env']);
  });

  test('the user’s own list counts, and has the least say', () => {
    git('init', '-q');
    write({ own: '*.swp\n*.bak\n', '.gitignore': '!*.bak\n' });
    git('config', 'core.excludesFile', 'own');
    expect(leftOut(['a.swp', 'a.bak'])).toEqual(['a.swp']);
  });

  test('lists from above hold below: with a BOM, a blank in front, and any kind of pattern', () => {
    git('init', '-q');
    write({
      '.gitignore': '\ufeffapp/*/gen\n**/tmp\n*/local\n',
      '.git/info/exclude': '/app/secret\n',
      'app/src/.gitignore': ' blank\n',
    });
    const paths = [
      'src/gen',
      'src/x/tmp',
      'local',
      'src/local',
      'secret',
      'src/secret',
      'src/ blank',
      'src/blank',
    ];
    expect(leftOut(paths, 'app')).toEqual(['src/gen', 'src/x/tmp', 'local', 'secret', 'src/ blank']);
  });

  test('a directory that git itself ignores is as a whole, which is refused where nothing is left', () => {
    git('init', '-q');
    write({ '.gitignore': 'out\n', 'out/a/b': '', 'out/c': '' });
    expect(() => leftOut([], 'out')).toThrow(/nothing in it would be synced/);
    git('add', '-f', 'out/c');
    expect(leftOut(['a/', 'b', 'c'], 'out')).toEqual(['a/', 'b']);
  });

  test('a repository below has its own rules, and a submodule that is ignored and tracked is there', () => {
    git('init', '-q');
    write({ '.gitignore': '*.o\nvendor/\n', 'sub/.gitignore': '*.tmp\n', 'vendor/lib/x.c': '' });
    git('init', '-q', 'sub');
    git('init', '-q', 'vendor/lib');
    git('-C', 'vendor/lib', 'add', '.');
    git('-C', 'vendor/lib', 'commit', '-qm', 'x');
    git('-c', 'advice.addEmbeddedRepo=false', 'add', '-f', 'vendor/lib');
    const paths = ['a.o', 'sub/a.o', 'sub/a.tmp', 'vendor/lib/', 'vendor/lib/a.o', 'vendor/other'];
    expect(leftOut(paths)).toEqual(['a.o', 'sub/a.tmp', 'vendor/other']);
  });

  test('git’s own directory is no business of its lists', () => {
    git('init', '-q');
    write({ '.gitignore': '*\nbuild\n!*.c\n' });
    expect(leftOut(['.git/', '.git/refs/heads/build', 'build', 'a.c'])).toEqual(['build']);
  });

  test('a list that is a link is none, as for git', () => {
    git('init', '-q');
    write({ other: 'a\n' });
    symlinkSync('other', join(base, '.gitignore'));
    expect(leftOut(['a'])).toEqual([]);
  });
});

test('rules are others when git tracks something else, or a list elsewhere has changed', () => {
  git('init', '-q');
  write({ '.gitignore': 'dist\n', 'dist/a': '', b: '', own: 'x\n' });
  git('config', 'core.excludesFile', 'own');
  const files = new IgnoreFiles(base, true, '/nowhere');
  git('add', 'b');
  expect(files.areOthers([])).toBe(false);
  git('add', '-f', 'dist/a');
  expect(files.areOthers([])).toBe(true);
  expect(files.areOthers([])).toBe(false);
  write({ own: 'xy\n' });
  expect(files.areOthers([])).toBe(true);
});

test('a pattern that was made to take long matches no more than it says', () => {
  const patterns = `${'*a'.repeat(40)}b\n${'**/a*/'.repeat(20)}b\n`;
  const isIgnored = compileIgnores({ lists: [{ base: '', patterns }], vcs: false });
  expect(isIgnored('a'.repeat(250), false)).toBe(false);
  expect(isIgnored(Array(400).fill('aaaa').join('/'), false)).toBe(false);
});
