/** A part of the volumes, and what goes from the target, with the real rsync, ssh and sshd of this machine. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Selection } from '../../../../../plugins/x8sync/mover/protocol/options.ts';
import { eventuallySees } from '../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../support/thoroughness.ts';
import { type Ended, type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

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
/** Copies, and does something once the first file is on its way. */
async function copyWhile(env: Readonly<Record<string, string>>, meanwhile: () => void): Promise<Ended> {
  const { ended } = both.start(env);
  const temporary = join(both.target, '.x8sync/tmp');
  const arrived = () =>
    existsSync(temporary) &&
    readdirSync(temporary).some((name) => statSync(join(temporary, name)).size > 1 << 20);
  await eventuallySees(arrived, Boolean, 40_000);
  meanwhile();
  return ended;
}

const fill = (folder: string, ...names: string[]) => {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
};

withPrograms(
  'a folder goes to a folder, without what is left out, and is compared so',
  async () => {
    fill(both.source, 'app/data/keep', 'app/data/x.log', 'app/data/cache/a', 'lost+found/a', 'other');
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

/** rsync's daemon reads these as patterns, or as an option; beside each stands a folder that the pattern would fit. */
const signs: readonly (readonly [folder: string, fits: string])[] = [
  ['a[b]c', 'abc'],
  ['a**', 'axx'],
  ['my source/?', 'my source/x'],
  ['-x', 'x'],
];

withPrograms.each(firstOf(signs, 2).map(([folder, fits]) => ({ folder, fits })))(
  'folder $folder is copied, and not $fits',
  async ({ folder, fits }) => {
    fill(both.source, `${folder}/sub/own`, `${fits}/sub/another`, `${fits}/more`);
    await both.serve();
    for (const streams of ['1', '2']) {
      const into = `by-${streams}`;
      const copied = await both.copy({
        ...selecting({ sourcePath: folder, targetPath: into }),
        ...{ X8S_PARALLELISM: streams, X8S_PARTITIONS: streams, X8S_VERIFY: '1' },
      });
      expect(copied).toMatchObject({ code: 0, stats: { files: 1 }, verification: { different: 0 } });
      expect(copied.streams?.files).toBe(Number(streams) - 1);
      expect(tree(join(both.target, into))).toEqual(['.', './sub', './sub/own']);
    }
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

if (isThorough)
  withPrograms(
    'lost+found is special in the root of a volume only: copied, compared and deleted below it as any other',
    async () => {
      fill(both.source, 'app/lost+found/a', 'app/b', 'lost+found/#1');
      fill(both.target, 'lost+found/#2', 'new/lost+found/old');
      await both.serve();
      const below = { sourcePath: 'app', targetPath: 'new' };
      const copied = await both.copy({ ...selecting(below), X8S_DELETES: 'all', X8S_VERIFY: '1' });
      expect(copied).toMatchObject({ code: 0, stats: { files: 2, removed: 1 } });
      expect(copied.verification).toMatchObject({ entries: 4, different: 0 });
      expect(tree(join(both.target, 'new'))).toEqual(['.', './b', './lost+found', './lost+found/a']);

      // A folder's goes into no root.
      const intoRoot = selecting({ sourcePath: 'app' });
      for (const mode of ['merge', 'force', 'dry-run', 'verify'])
        expect(await both.copy({ ...intoRoot, X8S_MODE: mode })).toMatchObject({
          code: 3,
          outcome: 'refused',
          message: expect.stringMatching(/lost\+found.*--target-path.*--exclude \/lost\+found/),
        });
      const filters = exclude('/lost+found/');
      const without = await both.copy({
        ...selecting({ sourcePath: 'app', filters }),
        ...{ X8S_MODE: 'force', X8S_VERIFY: '1' },
      });
      expect(without).toMatchObject({ code: 0, stats: { files: 1, extraneous: 0 } });
      expect(without.verification).toMatchObject({ entries: 2, different: 0 });
      expect(tree(both.target)).toEqual(['.', './b', './lost+found', './lost+found/#2']);

      // The root's goes into no folder, and one that is there is a folder that the source does not have.
      fill(both.target, 'copy/lost+found/x');
      const fromRoot = selecting({ targetPath: 'copy' });
      const kept = await both.copy({ ...fromRoot, X8S_VERIFY: '1', X8S_MAY_HAVE_MORE: '1' });
      expect(kept).toMatchObject({ code: 0, stats: { files: 2, extraneous: 2 } });
      expect(kept.verification).toMatchObject({ extraneous: 2, different: 0 });
      const swept = await both.copy({ ...fromRoot, X8S_DELETES: 'half', X8S_VERIFY: '1' });
      expect(swept).toMatchObject({ code: 0, stats: { removed: 2 }, verification: { different: 0 } });
      expect(tree(join(both.target, 'copy'))).toEqual([
        ...['.', './app', './app/b', './app/lost+found', './app/lost+found/a'],
      ]);
      const forced = await both.copy({ ...fromRoot, X8S_MODE: 'force', X8S_VERIFY: '1' });
      expect(forced).toMatchObject({ code: 0, verification: { entries: 5, different: 0 } });
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

/** Finds nothing at the target but what the source has. */
const strict = { X8S_NOTHING_ELSE: '1', X8S_BWLIMIT: '2M', ...selecting({ filters: exclude('*.log') }) };

withPrograms(
  'one that is to find nothing else writes nothing where it does',
  async () => {
    fill(both.source, 'a', 'b', 'z');
    fill(both.target, 'b', 'own', 'kept.log');
    await both.serve();
    const before = tree(both.target);
    expect(await both.copy(strict)).toMatchObject({
      code: 3,
      outcome: 'has-more',
      message: expect.stringMatching(/^the target has 1 entries that the source does not have/),
    });
    expect(tree(both.target)).toEqual(before);
  },
  90_000,
);

if (isThorough)
  withPrograms(
    'and it knows it also where files go meanwhile',
    async () => {
      execFileSync('sh', ['-c', 'head -c 6M /dev/urandom >a'], { cwd: both.source });
      fill(both.source, 'b', 'z');
      fill(both.target, 'b', 'kept.log');
      await both.serve();
      const without = await copyWhile(strict, () => rmSync(join(both.source, 'z')));
      expect(without).toMatchObject({ code: 5, outcome: 'partial', stats: { extraneous: 0, vanished: 1 } });
      expect(readdirSync(both.target)).toEqual(['a', 'b', 'kept.log']);

      // What nobody has asked to be counted is not known then.
      fill(both.source, 'z');
      rmSync(join(both.target, 'a'));
      fill(both.target, 'own');
      const uncounted = await copyWhile({ X8S_BWLIMIT: '2M' }, () => rmSync(join(both.source, 'z')));
      expect(uncounted).toMatchObject({ outcome: 'partial', stats: { vanished: 1 } });
      expect(uncounted.stats).not.toHaveProperty('extraneous');
    },
    90_000,
  );

withPrograms(
  'the holes of a large file in a folder are found at the source, as in a whole volume',
  async () => {
    mkdirSync(join(both.source, 'app'));
    const holes = join(both.source, 'app/holes');
    writeFileSync(holes, 'data');
    truncateSync(holes, 2 * 2 ** 30);
    await both.serve();
    const copied = await both.copy(selecting({ sourcePath: 'app' }));
    expect(copied).toMatchObject({ code: 0, outcome: 'ok', streams: { files: 1 } });
    const { size, blocks } = statSync(join(both.target, 'holes'));
    expect([size, blocks * 512 < 1 << 20]).toEqual([2 * 2 ** 30, true]);
  },
  60_000,
);
