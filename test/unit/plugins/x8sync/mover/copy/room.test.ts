/** Hard links take no room: a target that holds every file of the source once is large enough. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RoomCheck } from '../../../../../../plugins/x8sync/mover/copy/preconditions.ts';
import { Growth } from '../../../../../../plugins/x8sync/mover/copy/room.ts';
import { type CopyOptions, wholeVolumes } from '../../../../../../plugins/x8sync/mover/protocol/options.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
beforeEach(() => {
  scene = stage();
});
afterEach(() => scene[Symbol.dispose]());

const listed = ['cd+++++++++|4096|./', '>f+++++++++|4096|a', 'hf+++++++++|4096|b => a'];

/** A check of a source whose file system is fuller, of which rsync lists this. */
function checkOf(
  lines: readonly string[],
  options: Pick<CopyOptions, 'mode' | 'selection'>,
  sourceBytes: number,
): RoomCheck {
  const source = {
    used: { bytes: sourceBytes + 1_000_000, inodes: 1000 },
    exactly: async () => ({ bytes: sourceBytes, inodes: 3 }),
  };
  const compare = async <Measured extends { line(line: string): void }>(make: () => Measured) => {
    const growth = make();
    for (const line of lines) growth.line(line);
    return { ran: { code: 0, stdout: '', stderr: '' }, growth };
  };
  return new RoomCheck(options, scene.runtime, source, { compare });
}

/** What is missing where the file system of the source is fuller than the target has room. */
const shortage = (freeInodes: number, mode: 'force' | 'merge', freeBytes = 9_000_000) =>
  checkOf(listed, { mode, selection: wholeVolumes }, 8192).shortage({ bytes: freeBytes, inodes: freeInodes });

onLinux.each(['force', 'merge'] as const)(
  'in a %s each file needs one inode, whatever its names',
  async (mode) => {
    expect(await shortage(3, mode)).toBeUndefined();
  },
);

onLinux('what a merge makes is counted where not all of the source has to be', async () => {
  expect(await shortage(2, 'merge')).toBeUndefined();
  expect(await shortage(1, 'merge')).toMatchObject({ needInodes: 2, freeInodes: 1 });
  // The emptied target's own root folder is freed and needed.
  expect(await shortage(1, 'force')).toMatchObject({ needInodes: 3, freeInodes: 2 });
});

onLinux.each(['force', 'merge'] as const)(
  'what an interrupted %s has brought already is room for the rest of it',
  async (mode) => {
    const { staging } = scene.runtime.paths;
    expect(await shortage(9, mode, 0)).toBeDefined();
    mkdirSync(`${staging}/partial`, { recursive: true });
    writeFileSync(`${staging}/partial/a`, Buffer.alloc(16_384, 1));
    expect(await shortage(9, mode, 0)).toBeUndefined();
  },
);

test('a changed file counts twice, since the old one goes only when the new one is there', () => {
  const names: string[] = [];
  const growth = new Growth((name) => {
    names.push(name.toString('latin1'));
    return 4096;
  }, 1);
  for (const line of [
    '>f.st......|5000|a|b',
    '>f..t......|2000|odd\\#012\\#134#012 name',
    '>f+++++++++|100|new',
    '.d..t......|0|./',
  ])
    growth.line(line);
  expect(names).toEqual(['a|b', 'odd\n\\#012 name']);
  expect(growth.need(1_000_000)).toEqual({ bytes: 5000, inodes: 1 });
  expect(growth.need(1000)).toEqual({ bytes: 1000, inodes: 1 });
});

test('each file takes whole blocks: many small ones need far more than their bytes', () => {
  const growth = new Growth(() => 0, 4096);
  for (let file = 0; file < 1000; file += 1) growth.line(`>f+++++++++|6|${file}`);
  growth.line('>f+++++++++|0|empty');
  expect(growth.need(1_000_000_000)).toEqual({ bytes: 4_096_000, inodes: 1001 });
});

onLinux(
  'what patterns leave of a source is counted in blocks before a forced copy empties the target',
  async () => {
    const small = Array.from({ length: 1000 }, (_, file) => `>f+++++++++|6|${file}`);
    const filters = [{ action: 'exclude', pattern: '*.log' }] as const;
    const check = checkOf(small, { mode: 'force', selection: { ...wholeVolumes, filters } }, 9_000_000);
    expect(await check.shortage({ bytes: 1_000_000, inodes: 5000 })).toMatchObject({ needBytes: 4_096_000 });
  },
);

onLinux('a dry run says of too little room that a copy would be refused', async () => {
  const check = checkOf(
    ['>f+++++++++|999999999999999|a'],
    { mode: 'dry-run', selection: wholeVolumes },
    2 ** 60,
  );
  const told: unknown[] = [];
  scene.runtime.messages.write = (word, message) => void told.push([word, message]);
  await check.require();
  expect(told).toEqual([
    ['notice', { text: expect.stringMatching(/^a copy would be refused .* needs \d+ bytes/) }],
  ]);
});
