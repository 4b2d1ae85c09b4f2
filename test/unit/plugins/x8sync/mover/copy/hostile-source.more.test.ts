/** A source that means harm: the real rsync of the mover, and a real one whose lists name files as no honest one does. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { type Renaming, turnHostile } from '../../../../support/hostile-source.ts';
import { pair, withPrograms } from '../../../../support/mover-programs.ts';

/** Makes the source, and says what becomes of which name in its lists. */
type Plot = (source: string, outside: string) => Renaming;

const plots: Readonly<Record<string, readonly [plot: Plot, refusal: RegExp]>> = {
  'a name that leads up': [
    (source) => {
      writeFileSync(join(source, 'AA_evil'), 'evil');
      return ['AA_evil', '../evil'];
    },
    /unsafe pathname from sender: \.\.\/evil/,
  ],
  'an absolute name': [
    (source, outside) => {
      const path = join(outside, 'evil');
      const name = path.replaceAll('/', '_');
      writeFileSync(join(source, name), 'evil');
      return [name, path];
    },
    /unsafe pathname from sender: \/.*\/outside\/evil/,
  ],
  'a name that leads up from a folder': [
    (source) => {
      mkdirSync(join(source, 'd'));
      writeFileSync(join(source, 'd_.._.._evil'), 'evil');
      return ['d_.._.._evil', 'd/../../evil'];
    },
    /unsafe pathname from sender: d\/\.\.\/\.\.\/evil/,
  ],
  'a file below a link that comes with it': [
    (source, outside) => {
      symlinkSync(outside, join(source, 'lnk'));
      writeFileSync(join(source, 'lnk_evil'), 'evil');
      return ['lnk_evil', 'lnk/evil'];
    },
    /invalid path from sender: lnk\/evil/,
  ],
  'a link by the name of a folder that has files': [
    (source, outside) => {
      mkdirSync(join(source, 'abcdefg'));
      writeFileSync(join(source, 'abcdefg/evil'), 'evil');
      symlinkSync(outside, join(source, 'zyxwvut'));
      return ['zyxwvut', 'abcdefg'];
    },
    /figures of this copy contradict themselves/,
  ],
  "a link in the place of the mover's own folder": [
    (source, outside) => {
      symlinkSync(outside, join(source, '_x8sync'));
      writeFileSync(join(source, 'evil'), 'evil');
      return ['_x8sync', '.x8sync'];
    },
    /rejecting excluded file-list name: \.x8sync/,
  ],
};
const oneStream = { X8S_PARALLELISM: '1' };
const twoStreams = { X8S_PARALLELISM: '2', X8S_PARTITIONS: '2' };
const table = Object.entries(plots).flatMap(([what, [plot, refusal]], index) => {
  const one = { what: `${what}, one stream`, plot, refusal, how: oneStream };
  const two = { what: `${what}, two streams`, plot, refusal, how: twoStreams };
  return firstOf(index % 2 === 0 ? [one, two] : [two, one]);
});

/** Every entry of that name outside of these folders. */
const evilOutside = (root: string, ...folders: string[]) =>
  execFileSync(
    'find',
    [root, ...folders.flatMap((folder) => ['-path', folder, '-prune', '-o']), '-name', '*evil*', '-print'],
    { encoding: 'utf8' },
  );

withPrograms.each(table)(
  'nothing is written outside of the target: $what',
  async ({ plot, refusal, how }) => {
    using both = await pair();
    const { root, runtime } = both.stage;
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(both.source, 'zz'), 'honest');
    const renaming = plot(both.source, outside);
    const { pid } = await both.serve();
    turnHostile(runtime.paths, pid, [renaming]);
    const ended = await both.copy(how);
    expect(readdirSync(outside)).toEqual([]);
    expect(evilOutside(root, both.source, both.target)).toBe('');
    expect(ended).toMatchObject({ code: 1, message: expect.stringMatching(refusal) });
  },
  60_000,
);

withPrograms(
  'a folder comes in the place of a link that the target has, and is not sought behind it',
  async () => {
    for (const how of firstOf([twoStreams, oneStream])) {
      using both = await pair();
      const outside = join(both.stage.root, 'outside');
      for (const folder of [outside, join(both.source, 'old')]) mkdirSync(folder);
      writeFileSync(join(both.source, 'old/file'), 'honest');
      symlinkSync(outside, join(both.target, 'old'));
      await both.serve();
      expect(await both.copy(how)).toMatchObject({ code: 0, outcome: 'ok' });
      expect(lstatSync(join(both.target, 'old')).isDirectory()).toBe(true);
      expect(readdirSync(outside)).toEqual([]);
    }
  },
  60_000,
);
