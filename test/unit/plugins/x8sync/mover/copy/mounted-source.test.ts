/** A source that is mounted in the mover's own pod, with the real rsync of this machine. */
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';

const mounted = { X8S_SOURCE_MOUNTED: '1', X8S_ADDRESSES: '' };
let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

withPrograms(
  'is copied without a server, and compared',
  async () => {
    mkdirSync(join(both.source, 'folder'));
    writeFileSync(join(both.source, 'folder/one'), 'one');
    linkSync(join(both.source, 'folder/one'), join(both.source, 'two'));
    symlinkSync('/source/two', join(both.source, 'link'));
    execFileSync('truncate', ['-s', '8M', join(both.source, 'sparse')]);
    const copied = await both.copy({ ...mounted, X8S_VERIFY: '1' });
    expect(copied).toMatchObject({ code: 0, outcome: 'ok', verification: { different: 0 } });
    expect(readdirSync(both.target)).toEqual(['folder', 'link', 'sparse', 'two']);
    expect(statSync(join(both.target, 'two')).ino).toBe(statSync(join(both.target, 'folder/one')).ino);
    expect(statSync(join(both.target, 'sparse')).blocks).toBe(0);
    expect(await both.copy(mounted)).toMatchObject({ code: 0, stats: { transferredFiles: 0 } });
  },
  60_000,
);

withPrograms(
  'keeps what only the target has, empties it where that is asked for, and a dry run changes nothing',
  async () => {
    writeFileSync(join(both.source, 'new'), 'new');
    writeFileSync(join(both.target, 'old'), 'old');
    const dryRun = await both.copy({ ...mounted, X8S_MODE: 'force-dry-run' });
    expect(dryRun).toMatchObject({ code: 0, stats: { removed: 1, createdEntries: 1 } });
    expect(readdirSync(both.target)).toEqual(['old']);
    expect(await both.copy(mounted)).toMatchObject({ code: 0, stats: { extraneous: 1 } });
    expect(await both.copy({ ...mounted, X8S_MODE: 'force' })).toMatchObject({ code: 0 });
    expect(readFileSync(join(both.target, 'new'), 'utf8')).toBe('new');
    expect(readdirSync(both.target)).toEqual(['new']);
  },
  60_000,
);

withPrograms(
  'an empty source does not empty the target, and files that could not be copied are named as in the volume',
  async () => {
    writeFileSync(join(both.target, 'old'), 'old');
    expect(await both.copy({ ...mounted, X8S_MODE: 'force' })).toMatchObject({
      code: 3,
      outcome: 'source-empty',
    });
    writeFileSync(join(both.source, 'taken'), 'file');
    mkdirSync(join(both.target, 'taken'));
    writeFileSync(join(both.target, 'taken/in'), '');
    expect(await both.copy(mounted)).toMatchObject({ code: 5, outcome: 'partial', failures: ['taken'] });
    expect(readdirSync(both.target)).toEqual(['old', 'taken']);
  },
  60_000,
);

withPrograms(
  'a source that holds nothing, or nothing that patterns leave, is refused with nothing made at the target',
  async () => {
    const { source, target } = both;
    writeFileSync(join(target, 'old'), 'old');
    for (const folder of ['lost+found', '.x8sync']) mkdirSync(join(source, folder));
    const before = statSync(target, { bigint: true });
    const into = { sourcePath: '', targetPath: 'new/folder', filters: [] };
    const empty = {
      code: 3,
      outcome: 'source-empty',
      message: expect.stringMatching(/^the source is empty/),
    };
    for (const env of [{}, { X8S_MODE: 'dry-run' }, { X8S_SELECTION: JSON.stringify(into) }])
      expect(await both.copy({ ...mounted, ...env })).toMatchObject(empty);
    writeFileSync(join(source, 'file.log'), 'log');
    const filters = [{ action: 'exclude', pattern: '*.log' }];
    const selection = { X8S_SELECTION: JSON.stringify({ sourcePath: '', targetPath: '', filters }) };
    expect(await both.copy({ ...mounted, ...selection })).toMatchObject({
      code: 3,
      outcome: 'source-empty',
      message: expect.stringMatching(/^the patterns leave out all that the source has/),
    });
    expect(readdirSync(target)).toEqual(['old']);
    expect(statSync(target, { bigint: true })).toMatchObject({
      mtimeNs: before.mtimeNs,
      ctimeNs: before.ctimeNs,
    });

    writeFileSync(join(source, 'kept'), 'kept');
    expect(await both.copy({ ...mounted, ...selection })).toMatchObject({ code: 0, stats: { files: 1 } });
    expect(readdirSync(target)).toEqual(['kept', 'old']);
  },
  60_000,
);

withPrograms(
  'an empty source is copied where a person has said that it may be empty, with every mode',
  async () => {
    const allowed = { ...mounted, X8S_ALLOW_EMPTY: '1' };
    writeFileSync(join(both.target, 'old'), 'old');
    const none = { code: 0, outcome: 'ok', stats: { entries: 1, transferredFiles: 0 } };
    expect(await both.copy({ ...allowed, X8S_MODE: 'dry-run' })).toMatchObject(none);
    expect(await both.copy(allowed)).toMatchObject({ ...none, stats: { extraneous: 1 } });
    // More than half of a target never goes without a question.
    expect(await both.copy({ ...allowed, X8S_DELETES: 'half' })).toMatchObject({
      outcome: 'too-many-deletions',
    });
    expect(readdirSync(both.target)).toEqual(['old']);
    expect(await both.copy({ ...allowed, X8S_MODE: 'force' })).toMatchObject(none);
    expect(readdirSync(both.target)).toEqual([]);
  },
  60_000,
);

withPrograms(
  'is copied by several streams as well',
  async () => {
    for (let n = 0; n < 40; n += 1) writeFileSync(join(both.source, `file ${n}`), `${n}`);
    const copied = await both.copy({
      ...mounted,
      X8S_PARALLELISM: '2',
      X8S_PARTITION_FILES: '5',
      X8S_VERIFY: '1',
    });
    expect(copied).toMatchObject({
      code: 0,
      stats: { transferredFiles: 40 },
      verification: { different: 0 },
    });
  },
  60_000,
);
