/** Which options of rsync and of fpart are taken from a person, and that rsync itself takes those. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fpartMeaning } from '../../../../../../plugins/x8sync/commands/options/fpart-args.ts';
import {
  allowedArgs,
  argProblem,
  givenArgs,
} from '../../../../../../plugins/x8sync/mover/protocol/given-args.ts';
import { pair, withPrograms } from '../../../../support/mover-programs.ts';

const samples = [
  '--whole-file',
  '--no-whole-file',
  '--block-size=2048',
  '--checksum-choice=md5',
  '--compress-level=3',
  '--fsync',
  '--max-alloc=512M',
  '--inc-recursive',
  '--no-inc-recursive',
];

test('there is a sample of each that is allowed, and it is taken', () => {
  expect(samples.map((one) => one.split('=')[0])).toEqual(Object.keys(allowedArgs));
  expect(givenArgs(samples)).toEqual(samples);
  expect(givenArgs(['-W', '-B 4096', '--archive', '-H', '--numeric-ids'])).toEqual([
    '--whole-file',
    '--block-size=4096',
  ]);
});

describe('refused, with the reason', () => {
  test.each([
    ['-e sh', /starts a program/],
    ['-esh', /none of those/],
    ['--rsh=sh -c id', /starts a program/],
    ['--rsync-path=id', /starts a program/],
    ['--remote-option=--log-file=/x', /starts a program/],
    ['--delete-excluded', /deletes/],
    ['--remove-source-files', /deletes/],
    ['--backup-dir=/tmp', /leads out/],
    ['--copy-links', /leads out/],
    ['-L', /leads out/],
    ['--link-dest=/other', /leads out/],
    ['--files-from=/etc/passwd', /leads out/],
    ['--log-file=/x', /leads out/],
    ['--out-format=%n', /tell each other/],
    ['-v', /tell each other/],
    ['--ignore-existing', /called whole/],
    ['--size-only', /called whole/],
    ['--no-xattrs', /called whole/],
    ['--inplace', /called whole/],
    ['--checksum', /x8sync has --checksum/],
    ['-z', /--compress zstd/],
    ['--whole-file=yes', /takes no value/],
    ['--block-size', /value is missing/],
    ['--block-size=1;id', /not one that is taken/],
    ['--checksum-choice=none', /not one that is taken/],
    ['/etc/passwd', /none of those/],
    ['-avz', /none of those/],
    ['--constructor', /none of those/],
  ])('%s', (arg, why) => {
    expect(argProblem(arg)).toMatch(why);
    expect(() => givenArgs([arg])).toThrow(why);
  });
});

test("fpart's options in their meaning here", () => {
  expect(fpartMeaning(['-zz', '-n 8', '-x .zfs'])).toEqual({
    partitions: '8',
    exclude: ['.zfs'],
  });
  expect(fpartMeaning(['-f2000', '-s=512M', '-L', '-x .snapshot*'])).toEqual({
    partitionFiles: 2000,
    partitionSize: '512Mi',
    exclude: ['.snapshot*'],
  });
});

test.each([
  ['-w rm', /starts programs/],
  ['-o /x', /writes files/],
  ['-l', /leaves the tree/],
  ['-n none', /not one of it/],
  ['-x a/b', /not one of it/],
  ['-n', /not one of it/],
  ['-E', /in its own way/],
])('of fpart %s is refused', (arg, why) => {
  expect(() => fpartMeaning([arg])).toThrow(why);
});

withPrograms(
  'rsync and the daemon at the source take all of them, over ssh',
  async () => {
    using both = await pair();
    writeFileSync(join(both.source, 'file'), 'what is copied');
    await both.serve();
    const ends = await both.copy({
      X8S_RSYNC_ARGS: JSON.stringify(samples),
      X8S_COMPRESS: 'zstd',
      X8S_VERIFY: '1',
    });
    expect(ends).toMatchObject({ code: 0, outcome: 'ok', verification: { different: 0 } });
    expect(readFileSync(join(both.target, 'file'), 'utf8')).toBe('what is copied');
    const refused = await both.copy({ X8S_RSYNC_ARGS: JSON.stringify(['--delete']) });
    expect(refused).toMatchObject({ code: 1, message: expect.stringContaining('--delete') });
  },
  60_000,
);
