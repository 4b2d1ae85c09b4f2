/** What a target holds before a copy, in real folders. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  changesMoreThanTime,
  isAttributes,
  isRoot,
  parseChange,
} from '../../../../../../plugins/x8sync/mover/rsync/changes.ts';
import {
  isEmpty,
  rootOf,
  tellRemovals,
} from '../../../../../../plugins/x8sync/mover/target/target-content.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
let target: string;
beforeEach(() => {
  scene = stage();
  target = scene.runtime.paths.target;
});
afterEach(() => scene[Symbol.dispose]());

onLinux('a target with nothing but lost+found and a mover of its own is empty', async () => {
  for (const folder of ['lost+found', '.x8sync']) mkdirSync(join(target, folder), { recursive: true });
  expect(await isEmpty(scene.runtime)).toBe(true);
  writeFileSync(join(target, 'file'), '');
  expect(await isEmpty(scene.runtime)).toBe(false);
});

onLinux(
  'all that a forced copy would remove is counted, the first by name, folders before what they hold',
  async () => {
    for (const folder of ['lost+found', '.x8sync', 'old']) {
      mkdirSync(join(target, folder), { recursive: true });
      writeFileSync(join(target, folder, 'a\nb'), '');
    }
    expect(await tellRemovals(scene.runtime)).toBe(2);
    for (let number = 0; number < 200; number += 1) writeFileSync(join(target, `f${number}`), '');
    expect(await tellRemovals(scene.runtime)).toBe(202);
  },
);

onLinux('a root folder of another time is another one', () => {
  const before = rootOf(target);
  expect(rootOf(target)).toBe(before);
  utimesSync(target, 1, 1);
  expect(rootOf(target)).not.toBe(before);
});

test('what rsync itemizes: attributes alone, the root folder, and more of it than its time', () => {
  const change = (line: string) => parseChange(line) ?? { item: '', rest: '' };
  expect(isAttributes(change('.f...po....|a'))).toBe(true);
  expect(isAttributes(change('>f.st......|a'))).toBe(false);
  expect(isRoot(change('.d..t......|./'))).toBe(true);
  expect(isRoot(change('.d..t......|a./'))).toBe(false);
  expect(changesMoreThanTime(change('.d..t......|./'))).toBe(false);
  for (const flags of ['...p.....', '..t.o....', '.......a.', '..t.....x'])
    expect(changesMoreThanTime(change(`.d${flags}|./`))).toBe(true);
});
