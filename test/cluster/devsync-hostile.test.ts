/** A container that does its worst: nothing of it leaves LOCAL here, and the agent stays where it was sent. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { expectUntouched, synced } from './support/devsync-precious.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('links that lead out stay there, and are told', async () => {
  const it = await synced(open(), 'links');
  await it.sh(
    'links',
    `cd /work; ln -s /etc/passwd absolute; ln -s ../outside/precious up; ln -s d/../../outside around
     mkdir d; ln -s ../.. d/far; ln -s d/fine fine; ln -s 'C:\\Windows' windows; echo x >d/fine; mkfifo pipe`,
  );
  expect((await it.devsync('flush', 'links')).code).toBe(5);
  const { state } = await it.reaches('links', 'watching');
  const told = state?.problems.map(({ path }) => path).sort();
  expect(told).toEqual(['absolute', 'around', 'd/far', 'up', 'windows']);
  expect(readdirSync(it.local).sort()).toEqual(['d', 'fine']);
  expect([it.read('fine'), lstatSync(join(it.local, 'fine')).isSymbolicLink()]).toEqual(['x\n', true]);
  expectUntouched(it);
});

test('a directory that becomes a link is no way out, on either side', async () => {
  const it = await synced(open(), 'swap');
  for (const name of ['a', 'b', 'c']) it.write(`d/${name}`, name);
  await it.must('flush', 'swap');
  // There: a link in place of the directory that the agent writes into, while it writes into it.
  await it.sh('swap', 'mkdir /victim; echo safe >/victim/a; mv /work/d /work/old; ln -s /victim /work/d');
  it.write('d/a', 'written here');
  it.write('d/new', 'made here');
  await it.devsync('flush', 'swap');
  expect(await it.sh('swap', 'cat /victim/*; ls /victim')).toBe('safe\na\n');
  expect([it.read('d/a'), it.read('d/new')]).toEqual(['written here', 'made here']);
  // And a link that is synced for what it is, before something is put below its name.
  await it.sh(
    'swap',
    'rm /work/d; ln -s ../outside /work/e; rm /work/e; mkdir /work/e; echo evil >/work/e/precious',
  );
  await it.devsync('flush', 'swap');
  expectUntouched(it);
});
