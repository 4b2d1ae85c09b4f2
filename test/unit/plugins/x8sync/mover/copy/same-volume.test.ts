/** A volume that is source and target at once is not emptied, however it is mounted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { requireOther } from '../../../../../../plugins/x8sync/mover/copy/before.ts';
import { Folder } from '../../../../../../plugins/x8sync/mover/copy/folder.ts';
import { answer } from '../../../../../../plugins/x8sync/mover/source/gate.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-machine.ts';

let scene: Stage;
beforeEach(() => {
  scene = stage();
});
afterEach(() => scene[Symbol.dispose]());

/** Whether a target of this task is let pass, where the source is one of the two folders. */
async function passes(source: 'target' | 'other', task = 'this'): Promise<boolean> {
  const { places, signal } = scene.machine;
  const other = join(scene.root, 'other');
  const folder = new Folder(places, 'this', signal);
  await folder.open();
  await folder.note('wiping');
  mkdirSync(join(other, '.x8sync'), { recursive: true });
  if (task !== 'this') writeFileSync(join(other, '.x8sync/state'), `x8sync wiping ${task}\n`);
  const served = { ...places, source: source === 'target' ? places.target : other };
  const mark = async () => (await answer('mark', served)) ?? '';
  return requireOther({ mark }, folder).then(
    () => true,
    () => false,
  );
}

onLinux('the source is the target where it has the mark of this task, and no other', async () => {
  expect(await passes('target')).toBe(false);
  expect(await passes('other')).toBe(true);
  expect(await passes('other', 'another')).toBe(true);
});
