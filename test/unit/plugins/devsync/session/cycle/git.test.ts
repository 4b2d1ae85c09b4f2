/** A repository that is synced with its .git, and git at work on both sides. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../../../../src/clock.ts';
import { Pair } from '../../support/pair.ts';

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

const lock = () => join(pair.local, '.git/index.lock');

test('a flush moves nothing while git holds its lock, and all of it afterwards', async () => {
  writeFileSync(lock(), '');
  writeFileSync(join(pair.local, 'f1'), 'half a checkout');
  const flush = pair.synchronizer.flush();
  const first = await Promise.race([flush, pair.heldByGit().then(() => 'paused')]);
  expect(first).toBe('paused');
  expect(readFileSync(join(pair.container, 'f1'), 'utf8')).toBe('one 1');
  writeFileSync(join(pair.local, 'f1'), 'a whole one');
  rmSync(lock());
  expect((await flush).phase).toBe('watching');
  expect(readFileSync(join(pair.container, 'f1'), 'utf8')).toBe('a whole one');
});

test('a lock that stays ends a flush, which says so, and holds up neither a pause nor what is done later', async () => {
  await pair.stop();
  writeFileSync(lock(), '');
  writeFileSync(join(pair.local, 'new'), 'new');
  let passed = 0;
  await pair.start({ clock: { ...systemClock, monotonic: () => systemClock.monotonic() + passed } });
  const { synchronizer } = pair;
  const flush = synchronizer.flush();
  await pair.heldByGit();
  passed = 30_000;
  const { phase, message } = await flush;
  expect([phase, message]).toEqual(['waiting', 'git is changing the files']);
  const next = synchronizer.flush();
  await synchronizer.pause();
  await next;
  expect(synchronizer.state.phase).toBe('paused');
  expect(existsSync(join(pair.container, 'new'))).toBe(false);
  rmSync(lock());
  expect((await synchronizer.resume(false)).phase).toBe('watching');
  expect(existsSync(join(pair.container, 'new'))).toBe(true);
});

test('a decision waits for git, too', async () => {
  for (const root of [pair.local, pair.container]) writeFileSync(join(root, 'f1'), `of ${root}`);
  expect((await pair.synchronizer.flush()).conflicts.map(({ path }) => path)).toEqual(['f1']);
  writeFileSync(lock(), '');
  // What the flush left under way comes to its end before anybody looks at this.
  writeFileSync(join(pair.local, 'new'), 'new');
  await pair.heldByGit();
  const resolved = pair.synchronizer.resolve('f1', 'local');
  await pair.heldByGit();
  expect(readFileSync(join(pair.container, 'f1'), 'utf8')).toBe(`of ${pair.container}`);
  rmSync(lock());
  expect(await resolved).toBe(true);
  expect(readFileSync(join(pair.container, 'f1'), 'utf8')).toBe(`of ${pair.local}`);
});
