/** A part of the volumes, and what goes from the target, with the real rsync, ssh and sshd of this machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Selection } from '../../../../../plugins/x8sync/mover/options.ts';
import { type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const selecting = (selection: Partial<Selection>) => ({
  X8S_SELECTION: JSON.stringify({ sourcePath: '', targetPath: '', filters: [], ...selection }),
});
const exclude = (...patterns: string[]) =>
  patterns.map((pattern) => ({ action: 'exclude' as const, pattern }));
const tree = (folder: string) =>
  execFileSync('find', ['.'], { cwd: folder, encoding: 'utf8' }).trim().split('\n').sort();
const fill = (folder: string, ...names: string[]) => {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
};

withPrograms(
  'a folder goes to a folder, without what is left out, and is compared so',
  async () => {
    fill(
      both.source,
      'app/data/keep',
      'app/data/x.log',
      'app/data/cache/a',
      'app/data/lost+found/a',
      'other',
    );
    symlinkSync('app/data', join(both.source, 'link'));
    fill(both.target, 'other', 'x.log');
    await both.serve();
    const filters = exclude('*.log', '/cache/');
    const part = selecting({ sourcePath: '/link/', targetPath: 'new/place', filters });
    const dryRun = await both.copy({ ...part, X8S_MODE: 'dry-run' });
    expect(dryRun).toMatchObject({ code: 0, stats: { transferredFiles: 1 } });
    expect(tree(both.target)).toEqual(['.', './other', './x.log']);

    const copied = await both.copy({ ...part, X8S_VERIFY: '1', X8S_OWNER: '12:34' });
    expect(copied).toMatchObject({ code: 0, stats: { files: 1, extraneous: 0 } });
    expect(copied.verification).toMatchObject({ entries: 2, files: 1, different: 0 });
    expect(tree(both.target)).toEqual([
      '.',
      './new',
      './new/place',
      './new/place/keep',
      './other',
      './x.log',
    ]);
    expect(readFileSync(join(both.target, 'new/place/keep'), 'utf8')).toBe('app/data/keep');
    const { uid, gid } = statSync(join(both.target, 'new/place/keep'));
    expect([uid, gid]).toEqual([12, 34]);

    const without = await both.copy({
      ...selecting({ sourcePath: 'link', targetPath: 'new/place' }),
      X8S_MODE: 'verify',
    });
    expect(without).toMatchObject({ code: 5, verification: { aspects: { missing: 3, owner: 2 } } });
  },
  90_000,
);

withPrograms(
  'a folder that leads out of its volume is refused on both sides, and nothing is touched',
  async () => {
    fill(both.source, 'a');
    mkdirSync(join(both.stage.root, 'outside'));
    for (const volume of [both.source, both.target]) symlinkSync('../outside', join(volume, 'out'));
    await both.serve();
    const source = await both.copy(selecting({ sourcePath: 'out' }));
    expect(source).toMatchObject({ code: 3, outcome: 'refused' });
    expect(source.message).toMatch(/--source-path out: out leads out of the volume/);
    const target = await both.copy(selecting({ targetPath: 'out/new' }));
    expect(target).toMatchObject({ code: 3, outcome: 'refused' });
    expect(target.message).toMatch(/--target-path: out\/new leads out of the volume/);
    expect(readdirSync(join(both.stage.root, 'outside'))).toEqual([]);
  },
  90_000,
);

withPrograms(
  'what only the target has is deleted, but not most of it without a word',
  async () => {
    fill(both.source, 'a', 'b', 'c');
    fill(both.target, 'a', 'b', 'old', 'kept.log', 'lost+found/x');
    await both.serve();
    const half = { X8S_DELETES: 'half', ...selecting({ filters: exclude('*.log') }) };
    const dryRun = await both.copy({ ...half, X8S_MODE: 'dry-run' });
    expect(dryRun).toMatchObject({ code: 0, stats: { removed: 1, extraneous: 0 } });
    expect(dryRun.lines.join('\n')).toContain('"item":"*deleting","name":"old"');
    expect(await both.copy(half)).toMatchObject({ code: 0, stats: { removed: 1 } });
    expect(readdirSync(both.target)).toEqual(['a', 'b', 'c', 'kept.log', 'lost+found']);

    fill(both.target, ...Array.from({ length: 10 }, (_, number) => `more/${number}`));
    const before = tree(both.target);
    const braked = await both.copy(half);
    expect(braked).toMatchObject({ code: 3, outcome: 'too-many-deletions' });
    expect(braked.message).toMatch(/11 of the target's 15 entries would be deleted/);
    expect(tree(both.target)).toEqual(before);
    expect(await both.copy({ ...half, X8S_DELETES: 'all' })).toMatchObject({
      code: 0,
      stats: { removed: 11 },
    });
    expect(readdirSync(both.target)).toEqual(['a', 'b', 'c', 'kept.log', 'lost+found']);
  },
  90_000,
);
