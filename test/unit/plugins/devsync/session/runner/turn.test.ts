/** When those that follow may begin: as soon as nothing is to come to this workstation, and not before. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Turn } from '../../../../../../plugins/devsync/session/runner/turn.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { Pair } from '../../support/pair.ts';

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.remove();
  pair = undefined;
});

test('a turn comes once and for all, and who waits may be told to stop', async () => {
  const turn = new Turn();
  const stop = new AbortController();
  const [stopped, waiting] = [turn.wait(stop.signal), turn.wait(new AbortController().signal)];
  stop.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  expect(turn.hasCome).toBe(false);
  turn.come();
  await waiting;
  await turn.wait(new AbortController().signal);
  expect(turn.hasCome).toBe(true);
});

/** What was in each side when the other sessions were told. */
async function toldAt(here: Record<string, string>, there: Record<string, string>) {
  const it = new Pair();
  pair = it;
  for (const [side, files] of [
    [it.local, here],
    [it.container, there],
  ] as const)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(side, path, '..'), { recursive: true });
      writeFileSync(join(side, path), text);
    }
  const seen: (string | undefined)[][] = [];
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  };
  const onReceived = () =>
    seen.push([read(join(it.local, 'from-there')), read(join(it.container, 'from-here'))]);
  await it.start({ onReceived });
  await it.synchronizer.flush();
  return seen[0];
}

test('told before anything has gone to the container, where nothing comes from there', async () => {
  expect(await toldAt({ 'from-here': 'a' }, {})).toEqual([undefined, undefined]);
});

test('told once everything is here, where something comes from there', async () => {
  const seen = await toldAt({ 'from-here': 'a' }, { 'from-there': 'b' });
  expect(seen?.[0]).toBe('b');
});

test('not told while it is held', async () => {
  const it = new Pair();
  pair = it;
  for (let index = 0; index < 50; index++) writeFileSync(join(it.local, `${index}`), `${index}`);
  await it.start();
  await it.synchronizer.flush();
  await it.stop();
  for (let index = 0; index < 50; index++) rmSync(join(it.local, `${index}`));
  let told = 0;
  await it.start({ onReceived: () => told++ });
  await eventually(() => expect(it.synchronizer.state.phase).toBe('held'));
  expect(told).toBe(0);
});
