/** A side whose directory goes, or becomes something else, while it is synced: nothing is deleted for that. */
import { execFileSync } from 'node:child_process';
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
import { expect, test } from '@jest/globals';
import type { RootPlace } from '../../../../../../plugins/devsync/sync/files/root-place.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { type Pair, syncedPair } from '../../support/pair.ts';

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

/** How the sync came to its halt: held, or by the end of its stream. */
async function halted(it: Pair): Promise<string> {
  await eventually(() =>
    expect(it.failure !== undefined || it.synchronizer.state.phase === 'held').toBe(true),
  );
  const { phase, message } = it.synchronizer.state;
  return phase === 'held' ? `held: ${message}` : String(it.failure);
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
    const pair = await syncedPair({ a: 'a', b: 'b', c: 'c' });
    // A part of it that is seen to go on the way is another story.
    pair.behindAgent(() => act(pair[side]));
    // Somebody goes on working on the other side.
    const other = side === 'local' ? pair.container : pair.local;
    writeFileSync(join(other, 'a'), 'edited');
    const held = `^held: the directory is .* ${where[side]}$`;
    // An agent that is asked to write where REMOTE has become a link ends its stream, if it is not held before that.
    const expected = act === link ? `${held}|REMOTE leads elsewhere now|the stream ended` : held;
    expect(await halted(pair)).toMatch(new RegExp(expected));
    expect(readdirSync(other)).toEqual(names);
  },
  30_000,
);

test('a root that was away for a while is synced again when it is back', async () => {
  const pair = await syncedPair({ a: 'a', b: 'b', c: 'c' });
  renameSync(pair.local, `${pair.local}.away`);
  expect(await halted(pair)).toMatch(/the directory is gone on this workstation/);
  writeFileSync(join(`${pair.local}.away`, 'b'), 'edited meanwhile');
  renameSync(`${pair.local}.away`, pair.local);
  const there = join(pair.container, 'b');
  await eventually(() => expect(readFileSync(there, 'utf8')).toBe('edited meanwhile'));
  // It is watched as before.
  writeFileSync(join(pair.local, 'c'), 'edited after that');
  expect((await pair.synchronizer.flush()).phase).toBe('watching');
  expect(readdirSync(pair.container)).toEqual(names);
}, 30_000);

test('another directory that is mounted in the place of LOCAL is left alone, and changes nothing, until it is gone', async () => {
  const place = (now: RootPlace): RootPlace => ({ ...now, mount: `not ${now.mount}` });
  const pair = await syncedPair({ a: 'a', b: 'b', c: 'c' }, { place });
  renameSync(pair.local, `${pair.local}.below`);
  mkdirSync(pair.local);
  for (const name of ['a', 'other']) writeFileSync(join(pair.local, name), 'of another directory');
  writeFileSync(join(pair.container, 'new'), 'made meanwhile');
  expect(await halted(pair)).toMatch(/^held: another directory is in its place on this workstation/);
  expect(pair.synchronizer.state.heldUntil).toBe('the former directory is back there');
  // Nobody can mean that one.
  expect((await pair.synchronizer.resume(true)).phase).toBe('held');
  expect(readdirSync(pair.container)).toEqual([...names, 'new']);
  expect(readFileSync(join(pair.container, 'a'), 'utf8')).toBe('a');
  expect(readdirSync(pair.local)).toEqual(['a', 'other']);
  remove(pair.local);
  renameSync(`${pair.local}.below`, pair.local);
  await eventually(() => expect(readdirSync(pair.local)).toEqual([...names, 'new']));
  writeFileSync(join(pair.local, 'c'), 'edited after that');
  expect((await pair.synchronizer.flush()).phase).toBe('watching');
  expect(readFileSync(join(pair.container, 'c'), 'utf8')).toBe('edited after that');
}, 30_000);

if (isThorough)
  test('another directory that is mounted over REMOTE is left alone, and changes nothing here', async () => {
    const within = () => ['unshare', '-Urm', '--'];
    const pair = await syncedPair({ a: 'a', b: 'b', c: 'c' }, { within });
    const other = join(pair.base, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'a'), 'of another directory');
    const inside = ['-t', `${pair.process?.pid}`, '-U', '-m', '--preserve-credentials'];
    execFileSync('nsenter', [...inside, 'mount', '--bind', other, pair.container]);
    writeFileSync(join(pair.local, 'b'), 'edited here');
    expect(await halted(pair)).toMatch(/^held: another directory is in its place in the container/);
    expect([readdirSync(pair.local), readdirSync(other)]).toEqual([names, ['a']]);
    expect(readFileSync(join(pair.local, 'a'), 'utf8')).toBe('a');
    execFileSync('nsenter', [...inside, 'umount', pair.container]);
    await eventually(() => expect(readFileSync(join(pair.container, 'b'), 'utf8')).toBe('edited here'));
  }, 30_000);

test('what a person confirms while both sides are looked at anew is confirmed, and no more than that', async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, `${index}`]));
  const pair = await syncedPair(files);
  const dropHere = (from: number, to: number) => {
    for (let index = from; index < to; index++) rmSync(join(pair.local, `f${index}`));
  };
  dropHere(0, 25);
  expect(await halted(pair)).toBe('held: 25 of 40 files would be deleted in the container');
  await pair.stop();
  dropHere(25, 30);
  await pair.start();
  const state = await pair.synchronizer.resume(true);
  expect(`${state.phase}: ${state.message}`).toBe('held: 30 of 40 files would be deleted in the container');
  await pair.stop();
  await pair.start();
  expect((await pair.synchronizer.resume(true)).phase).toBe('watching');
  expect(readdirSync(pair.container).length).toBe(10);
}, 30_000);
