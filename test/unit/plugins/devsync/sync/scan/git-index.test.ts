/** Against indexes that git itself has made. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import {
  isGitIndex,
  parseGitIndex,
  SemanticDigests,
  semanticDigestOfIndex,
} from '../../../../../../plugins/devsync/sync/scan/git-index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-index-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const git = (...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const index = () => readFileSync(join(folder, '.git/index'));
const write = (path: string, text: string) => writeFileSync(join(folder, path), text);

/** A repository with files of many kinds of names, committed. */
function begin(version = '2', format = 'sha1'): void {
  git('init', '-q', '-b', 'main', `--object-format=${format}`);
  git('config', 'index.version', version);
  for (const name of ['a', 'ab', 'abcdefg', 'ü', 'x'.repeat(200)]) write(name, name);
  mkdirSync(join(folder, 'd'.repeat(100)));
  write(`${'d'.repeat(100)}/${'e'.repeat(200)}`, 'deep');
  git('add', '-A');
  git('commit', '-qm', 'first');
}

/** What git caches is made anew: each file has another time and inode. */
function refresh(): void {
  for (const path of git('ls-files', '-z').split('\0').filter(Boolean)) {
    const text = readFileSync(join(folder, path));
    rmSync(join(folder, path));
    writeFileSync(join(folder, path), text);
    utimesSync(join(folder, path), 1e9, 1e9);
  }
  git('status');
}

/** Whether what an index says is another thing after some work. */
function says(work: () => void): 'the same' | 'another thing' {
  const before = index();
  work();
  expect(index().equals(before)).toBe(false);
  const [one, other] = [semanticDigestOfIndex(before), semanticDigestOfIndex(index())];
  expect([typeof one, typeof other]).toEqual(['string', 'string']);
  return one === other ? 'the same' : 'another thing';
}

test.each([
  ['2', 'sha1'],
  ['3', 'sha1'],
  ['4', 'sha1'],
  ['2', 'sha256'],
  ['4', 'sha256'],
])('of version %s, with %s', (version, format) => {
  begin(version, format);
  expect(says(refresh)).toBe('the same');
  expect(says(() => git('update-index', '--index-version', version === '4' ? '2' : '4'))).toBe('the same');
  expect(says(() => git('update-index', '--untracked-cache'))).toBe('the same');
  write('a', 'changed');
  expect(says(() => git('add', 'a'))).toBe('another thing');
  chmodSync(join(folder, 'ab'), 0o755);
  expect(says(() => git('add', 'ab'))).toBe('another thing');
  expect(says(() => git('mv', 'ab', 'ac'))).toBe('another thing');
  expect(says(() => git('update-index', '--assume-unchanged', 'ac'))).toBe('another thing');
  expect(says(() => git('update-index', '--skip-worktree', 'abcdefg'))).toBe('another thing');
  write('intended', '');
  expect(says(() => git('add', '-N', 'intended'))).toBe('another thing');
  const listed = git('ls-files', '-z').split('\0').filter(Boolean);
  expect(parseGitIndex(index(), format === 'sha256' ? 32 : 20).paths).toEqual(listed);
});

test('in the middle of a merge, the stages count', () => {
  begin();
  git('checkout', '-qb', 'other');
  write('a', 'theirs');
  git('commit', '-qam', 'theirs');
  git('checkout', '-q', 'main');
  write('a', 'ours');
  git('commit', '-qam', 'ours');
  expect(says(() => expect(() => git('merge', 'other')).toThrow())).toBe('another thing');
  expect(says(() => git('checkout', '--ours', 'a') + git('add', 'a'))).toBe('another thing');
});

test('a split one says only a part, and what is none says nothing', () => {
  begin();
  const whole = index();
  git('update-index', '--split-index');
  expect(semanticDigestOfIndex(index())).toBeUndefined();
  for (const size of [0, 11, 40, whole.length - 1])
    expect(semanticDigestOfIndex(whole.subarray(0, size))).toBeUndefined();
  expect(semanticDigestOfIndex(Buffer.from('ref: refs/heads/index\n'))).toBeUndefined();
});

test('is looked for where git has it, and read once for each content', () => {
  const paths = [
    '.git/index',
    'a/.git/modules/m/index',
    '.git/worktrees/w/index',
    'index',
    'a/index',
    '.git/HEAD',
  ];
  expect(paths.map(isGitIndex)).toEqual([true, true, true, false, false, false]);
  begin();
  const semanticDigests = new SemanticDigests();
  const at = join(folder, '.git/index');
  const file = { digest: sha256(index()), size: index().length };
  const semanticDigest = semanticDigestOfIndex(index());
  expect(semanticDigests.of(at, file)).toBe(semanticDigest);
  expect(semanticDigests.of('/nowhere', file)).toBe(semanticDigest);
  // It has another content by now.
  expect(semanticDigests.of(at, { ...file, digest: sha256(Buffer.from('another')) })).toBeUndefined();
});
