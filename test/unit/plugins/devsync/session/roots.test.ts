/** A side whose directory goes, or becomes something else, while it is synced: nothing is deleted for that. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Pair } from '../support/pair.ts';

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.remove();
  pair = undefined;
});

const names = ['a', 'b', 'c'];
const where = { local: 'on this workstation', container: 'in the container' };

const remove = (root: string) => rmSync(root, { recursive: true });

function moveAndEdit(root: string): void {
  renameSync(root, `${root}.old`);
  writeFileSync(join(`${root}.old`, 'b'), 'worked on elsewhere');
}

function replace(root: string): void {
  moveAndEdit(root);
  mkdirSync(root);
}

function link(root: string): void {
  moveAndEdit(root);
  symlinkSync(`${root}.old`, root);
}

function becomeFile(root: string): void {
  remove(root);
  writeFileSync(root, 'a file');
}

function beMadeAnew(root: string): void {
  remove(root);
  mkdirSync(root);
}

async function held(): Promise<string> {
  const { synchronizer } = pair as Pair;
  for (let waited = 0; waited < 15_000 && synchronizer.state.phase !== 'held'; waited += 50)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return `${synchronizer.state.phase}: ${synchronizer.state.message}`;
}

test.each([
  ['local', 'is removed', remove],
  ['container', 'is removed', remove],
  ['local', 'is moved away, and worked on there', moveAndEdit],
  ['container', 'is moved away, and worked on there', moveAndEdit],
  ['local', 'is moved away, for another one', replace],
  ['container', 'is moved away, for a link to it', link],
  ['local', 'becomes a file', becomeFile],
  ['container', 'is made anew', beMadeAnew],
] as const)(
  'the root %s %s',
  async (side, _, act) => {
    pair = new Pair();
    for (const name of names) writeFileSync(join(pair.local, name), name);
    await pair.start();
    await pair.synchronizer.flush();
    act(pair[side]);
    // Somebody goes on working on the other side.
    const other = side === 'local' ? pair.container : pair.local;
    writeFileSync(join(other, 'a'), 'edited');
    expect(await held()).toMatch(new RegExp(`^held: the directory is .* ${where[side]}$`));
    expect(readdirSync(other)).toEqual(names);
  },
  30_000,
);

test('a root that was away for a while is synced again when it is back', async () => {
  pair = new Pair();
  for (const name of names) writeFileSync(join(pair.local, name), name);
  await pair.start();
  await pair.synchronizer.flush();
  renameSync(pair.local, `${pair.local}.away`);
  expect(await held()).toMatch(/the directory is gone on this workstation/);
  writeFileSync(join(`${pair.local}.away`, 'b'), 'edited meanwhile');
  renameSync(`${pair.local}.away`, pair.local);
  const there = join(pair.container, 'b');
  for (let waited = 0; waited < 15_000 && readFileSync(there, 'utf8') === 'b'; waited += 50)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(readFileSync(there, 'utf8')).toBe('edited meanwhile');
  // It is watched as before.
  writeFileSync(join(pair.local, 'c'), 'edited after that');
  expect((await pair.synchronizer.flush()).phase).toBe('watching');
  expect(readdirSync(pair.container)).toEqual(names);
}, 30_000);
