/** The mover's end of what it has with a worker, over real files and a clock that stands still. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LinkParts, WorkerLink } from '../../../../../../plugins/x8sync/mover/workers/link.ts';
import {
  type Given,
  givenIn,
  sealed,
  type WorkerState,
} from '../../../../../../plugins/x8sync/mover/workers/messages.ts';
import { makeNote, readNote, writeNote } from '../../../../../../plugins/x8sync/mover/workers/note.ts';
import { takeList } from '../../../../../../plugins/x8sync/mover/workers/take.ts';
import { type WorkPaths, workPaths } from '../../../../../../plugins/x8sync/mover/workers/work-paths.ts';
import { eventually } from '../../../../../support/eventually.ts';

const run = 'ab';
const list = Buffer.from('./file\0');
const result = { list: 1, code: 0, moved: 9, full: false, refused: false, stats: {}, said: [] };

let folder: string;
let paths: WorkPaths;
let now: number;
let isRunningOut: boolean;
let said: string[];
let link: WorkerLink;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-link-'));
  paths = workPaths({ staging: folder });
  mkdirSync(paths.run(run), { recursive: true });
  for (const note of [paths.given(1), paths.state(1)]) await makeNote(note);
  [now, isRunningOut, said] = [0, false, []];
  let lists = 0;
  const rsync = {
    ...{ sparse: false, hasSmallFilesOnly: true, fractions: true, owners: true, modes: true },
    ...{ unsupported: [], hasExcluded: false },
  };
  const parts: LinkParts = {
    ...{ worker: 1, paths, goneMs: 1000 },
    told: { run, key: 'k', rsync, streams: 4, slots: 2 },
    root: async () => 'r',
    clock: { monotonic: () => now, sleep: async () => {} },
    log: (_, text) => said.push(text),
    isRunningOut: () => isRunningOut,
    number: () => {
      lists += 1;
      return lists;
    },
  };
  link = new WorkerLink(parts);
});
afterEach(() => rmSync(folder, { recursive: true }));

let beat = 0;
async function says(state: Partial<WorkerState> = {}): Promise<void> {
  beat += 1;
  const whole = { run, id: 'w', name: 'pod', beat, isLeaving: false, works: [], done: [], ...state };
  await writeNote(paths.state(1), sealed(whole));
  await link.look();
}

const given = async (): Promise<Given | undefined> => givenIn(await readNote(paths.given(1)));
const isGiven = (number: number) => eventually(async () => expect((await given())?.lists).toEqual([number]));

test('a list is handed over, its bytes are told, and its files go once the result is there', async () => {
  await says();
  expect(link.isThere).toBe(true);
  const moved: number[] = [];
  const handed = link.hand(list, (bytes) => moved.push(bytes));
  await isGiven(1);
  expect(await given()).toMatchObject({ id: 'w', run, root: 'r', streams: 4, slots: 2 });
  expect(await takeList(paths, { run, list: 1 }, 'taken')).toBe(true);
  await says({ works: [{ list: 1, bytes: 5 }] });
  expect(moved).toEqual([5]);
  await says({ done: [result] });
  expect(await handed).toEqual({ result });
  expect(readdirSync(paths.run(run))).toEqual([]);
  await link.look();
  expect((await given())?.lists).toEqual([]);
});

test('to a worker that is not there nothing is handed', async () => {
  expect(await link.hand(list, () => {})).toBe('again');
  expect(existsSync(paths.list(run, 'todo', 1))).toBe(false);
  expect(link.hasCome).toBe(false);
});

test.each([
  [
    'that gives no sign any more',
    () => {
      now += 1000;
      return link.look();
    },
  ],
  ['that ends', () => says({ isLeaving: true })],
  ['whose place another process has', () => says({ id: 'x' })],
] as const)('what a worker had %s is handed out again', async (_, happens) => {
  await says();
  const handed = link.hand(list, () => {});
  await isGiven(1);
  await takeList(paths, { run, list: 1 }, 'taken');
  await says({ works: [{ list: 1, bytes: 5 }] });
  await happens();
  expect(await handed).toBe('again');
  expect(said.join('\n')).toMatch(/handed out again/);
});

test('what a worker has not begun with is taken back, sooner where nothing else is left', async () => {
  await says();
  const handed = link.hand(list, () => {});
  await isGiven(1);
  isRunningOut = true;
  now += 5001;
  await says();
  expect(await handed).toBe('again');
  expect(said.at(-1)).toMatch(/has not begun with a partition/);
});

test('what it has taken, and has not said so yet, is left to it', async () => {
  await says();
  const handed = link.hand(list, () => {});
  await isGiven(1);
  await takeList(paths, { run, list: 1 }, 'taken');
  now += 5001;
  isRunningOut = true;
  await says();
  await says({ done: [result] });
  expect(await handed).toEqual({ result });
});

test('where nothing can be written any more, the mover goes on alone', async () => {
  await says();
  rmSync(paths.run(run), { recursive: true });
  expect(await link.hand(list, () => {})).toBe('again');
  expect(link.isThere).toBe(false);
  expect(said.at(-1)).toMatch(/can't be handed anything any more/);
});

test('at the end of the pass nobody waits for a worker', async () => {
  await says();
  const handed = link.hand(list, () => {});
  await isGiven(1);
  const over = new AbortController();
  over.abort();
  await link.watch(over.signal);
  expect(await handed).toBe('again');
  writeFileSync(paths.state(1), '');
  expect(link.isThere).toBe(false);
});
