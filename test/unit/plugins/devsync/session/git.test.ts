/** A repository that is synced with its .git, and git at work on both sides. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Pair } from '../support/pair.ts';

jest.setTimeout(30_000);

const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

let pair: Pair;
beforeEach(async () => {
  pair = new Pair();
  git(pair.local, 'init', '-q', '-b', 'main');
  for (let index = 0; index < 5; index++) writeFileSync(join(pair.local, `f${index}`), `one ${index}`);
  git(pair.local, 'add', '-A');
  git(pair.local, 'commit', '-qm', 'one');
  await pair.start();
  await settled();
});
afterEach(() => pair.remove());

async function settled(): Promise<void> {
  const { conflicts, problems } = await pair.synchronizer.flush();
  expect([conflicts, problems]).toEqual([[], []]);
}

const indexes = () => [pair.local, pair.container].map((root) => readFileSync(join(root, '.git/index')));

/** What git caches in the container is made anew there. */
function lookThere(): void {
  for (const name of readdirSync(pair.container).filter((one) => one.startsWith('f')))
    utimesSync(join(pair.container, name), 1e9, 1e9);
  git(pair.container, 'status');
  const [here, there] = indexes();
  expect(there?.equals(here ?? Buffer.of())).toBe(false);
}

test('git status in the container makes no conflict, and does not keep the next commit from going there', async () => {
  lookThere();
  await settled();
  // What git has looked at there is not taken from it for nothing: it would look again, and again.
  const [, there] = indexes();
  await settled();
  expect(indexes()[1]?.equals(there ?? Buffer.of())).toBe(true);
  writeFileSync(join(pair.local, 'f1'), 'two');
  git(pair.local, 'commit', '-qam', 'two');
  await settled();
  const [ours, theirs] = indexes();
  expect(theirs?.equals(ours ?? Buffer.of())).toBe(true);
  expect(git(pair.container, 'status', '--porcelain')).toBe('');
  expect(git(pair.container, 'log', '--format=%s')).toBe('two\none\n');
});

test('what git caches there is nobody’s loss', async () => {
  lookThere();
  await settled();
  writeFileSync(join(pair.local, 'f1'), 'two');
  git(pair.local, 'add', 'f1');
  await settled();
  expect((await pair.trashHere()).map(({ path }) => path)).toEqual([]);
});

test('what was staged there is a conflict with what was staged here', async () => {
  writeFileSync(join(pair.container, 'f1'), 'staged there');
  await settled();
  git(pair.container, 'add', 'f1');
  git(pair.local, 'rm', '-q', '--cached', 'f2');
  const { conflicts } = await pair.synchronizer.flush();
  expect(conflicts.map(({ path }) => path)).toContain('.git/index');
});
