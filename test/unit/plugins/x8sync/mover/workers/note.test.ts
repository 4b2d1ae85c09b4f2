/** Files by which pods tell each other something, and lists that one of two takes. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { givenIn, sealed, stateIn } from '../../../../../../plugins/x8sync/mover/workers/messages.ts';
import { makeNote, readNote, writeNote } from '../../../../../../plugins/x8sync/mover/workers/note.ts';
import { takeList } from '../../../../../../plugins/x8sync/mover/workers/take.ts';
import { workPaths } from '../../../../../../plugins/x8sync/mover/workers/work-paths.ts';

let folder: string;
let note: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-note-'));
  note = join(folder, 'note');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a note', () => {
  test('is read as it was written, a shorter one after a longer one too', async () => {
    await makeNote(note);
    expect(await readNote(note)).toBeUndefined();
    for (const value of [{ a: 'x'.repeat(500) }, { a: 1 }]) {
      await writeNote(note, value);
      expect(await readNote(note)).toEqual(value);
    }
  });

  test('that is half written is none', async () => {
    await makeNote(note);
    await writeNote(note, { lists: [1, 2, 3] });
    const whole = readFileSync(note, 'utf8');
    for (const text of [whole.slice(0, -1), whole.slice(0, 30), whole.replace('2', '7'), 'no note\n', '']) {
      writeFileSync(note, text);
      expect(await readNote(note)).toBeUndefined();
    }
  });

  test('that is gone is not made again, and no link is followed', async () => {
    expect(await readNote(note)).toBe('gone');
    await expect(writeNote(note, {})).rejects.toThrow(/ENOENT/);
    expect(existsSync(note)).toBe(false);
    symlinkSync(join(folder, 'other'), note);
    writeFileSync(join(folder, 'other'), 'kept');
    await expect(writeNote(note, {})).rejects.toThrow(/ELOOP/);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('kept');
    expect(await readNote(note)).toBeUndefined();
  });
});

describe('what is read', () => {
  test('is nothing where it is of another version, or of another shape', () => {
    for (const value of ['gone', undefined, null, 7, [], {}, { protocol: 1, run: 'a', rsync: {} }]) {
      expect(givenIn(value)).toBeUndefined();
      expect(stateIn(value)).toBeUndefined();
    }
  });

  test('names no path of its own, and no option', () => {
    const given = {
      ...sealed({} as never),
      run: '../..',
      lists: ['../x', 3, -1.5],
      rsync: { unsupported: ['acls', '--rsh=sh'] },
    };
    expect(givenIn(given)).toMatchObject({ run: '', lists: [3], rsync: { unsupported: ['acls'] } });
  });
});

describe('a list', () => {
  const run = 'ab';
  const paths = () => workPaths({ staging: folder });
  beforeEach(() => {
    mkdirSync(paths().run(run), { recursive: true });
    writeFileSync(paths().list(run, 'todo', 1), 'list');
  });

  test('is taken by one of the two', async () => {
    const both = await Promise.all([
      takeList(paths(), { run, list: 1 }, 'taken'),
      takeList(paths(), { run, list: 1 }, 'back'),
    ]);
    expect(both.filter(Boolean)).toHaveLength(1);
  });

  test('is known to be taken where the answer was lost', async () => {
    renameSync(paths().list(run, 'todo', 1), paths().list(run, 'taken', 1));
    expect(await takeList(paths(), { run, list: 1 }, 'taken')).toBe(true);
    expect(await takeList(paths(), { run, list: 1 }, 'back')).toBe(false);
  });

  test('of a run that is over is not there', async () => {
    rmSync(paths().folder, { recursive: true });
    expect(await takeList(paths(), { run, list: 1 }, 'taken')).toBe(false);
  });
});
