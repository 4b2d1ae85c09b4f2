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
