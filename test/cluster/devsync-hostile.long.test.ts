/** More of a container that does its worst: names that mean something here, and links in the way of the agent. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { synced } from './support/devsync-precious.ts';
import { killAgents } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('.git does not come from the container, under none of its names', async () => {
  const it = await synced(open(), 'hooks');
  it.write('.git/config', 'ours');
  it.write('sub/x', 'x');
  await it.must('flush', 'hooks');
  const hook = 'hooks/post-checkout';
  await it.sh(
    'hooks',
    `cd /work; echo theirs >.git/config
     for g in .git sub/.git .GIT sub/git~1 sub/.Git; do mkdir -p $g/hooks; echo evil >$g/${hook}; chmod +x $g/${hook}; done`,
  );
  await it.devsync('flush', 'hooks');
  const evil = ['.git', 'sub/.git', '.GIT', 'sub/git~1', 'sub/.Git'].filter((git) =>
    existsSync(join(it.local, git, hook)),
  );
  expect(evil).toEqual([]);
  expect(it.read('.git/config')).toBe('ours');
});

test('names that are none, and odd ones that are', async () => {
  const it = await synced(open(), 'names');
  await it.sh(
    'names',
    String.raw`cd /work; touch "$(printf 'bad\377name')"; echo nl >"$(printf 'new\nline')"; echo sp >' spaces '; echo st >'*'; echo b >'back\slash'; echo h >'-rf'; echo d >...; echo e >"$(printf '\033[31mred')"`,
  );
  expect((await it.devsync('flush', 'names')).code).toBe(5);
  const names = readdirSync(it.local);
  expect(names.sort()).toEqual(
    ['new\nline', ' spaces ', '*', 'back\\slash', '-rf', '...', '\u001b[31mred'].sort(),
  );
  const listed = await it.devsync('list', 'names');
  // What a container calls its files does not steer the terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(listed.stdout).not.toMatch(/\u001b/);
});

test("links in place of devsync's own folder, and of the way to REMOTE", async () => {
  const it = await synced(open(), 'folder', '/srv/app/work');
  it.write('a', '1');
  it.write('b', '1');
  await it.must('flush', 'folder');
  expect(await it.sh('folder', 'ls -A /srv/app/work')).toBe('a\nb\n');
  // The agent comes back to a folder of its own that is not its own any more, and takes another place.
  const swap = 'own=$(echo .x8s-devsync-*); rm -r $own; ln -s /victim $own; ln -s /victim work/.x8s-devsync';
  await it.sh('folder', `mkdir /victim; cd /srv/app; ${swap}`);
  await killAgents(it, 'folder');
  it.write('a', '2');
  // What both sides agreed on was about the folder that is gone: nothing is overwritten for it.
  expect((await it.devsync('flush', 'folder')).code).toBe(5);
  expect(await it.sh('folder', 'ls -A /victim; cat /srv/app/work/a')).toBe('1');
  await it.must('resolve', 'folder', 'a', '--use', 'local');
  expect(await it.sh('folder', 'ls -A /victim; cat /srv/app/work/a')).toBe('2');
  // In the middle of the way a link to a place that exists in the agent's own container only, or to another one.
  await it.sh('folder', 'mkdir -p /victim/work; mv /srv/app /srv/real; ln -s /victim /srv/app');
  it.write('a', '3');
  await it.devsync('flush', 'folder');
  expect(await it.sh('folder', 'ls -A /victim/work')).toBe('');
  expect(it.read('b')).toBe('1');
});
