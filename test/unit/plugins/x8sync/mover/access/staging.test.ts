/** Which folder of the target volume the mover takes for its own. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { StagingFolder } from '../../../../../../plugins/x8sync/mover/access/staging.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
let folder: StagingFolder;
beforeEach(() => {
  scene = stage();
  folder = new StagingFolder(scene.runtime.paths, 't');
});
afterEach(() => scene[Symbol.dispose]());

/** What `open` says against it; empty where it takes it. */
async function objection(): Promise<string> {
  return folder.open().then(
    () => '',
    (error: Error) => error.message,
  );
}

describe('the folder in the target', () => {
  onLinux.each([
    ['there is none', []],
    ['it is empty', ['.']],
    ['the mover was killed before it wrote its mark', ['tmp', 'partial']],
    ['there was no room for the mark', ['tmp', 'partial', 'state.new']],
    ['the mover was killed while it took it away', ['partial']],
  ])('is ours where %s', async (_, names) => {
    for (const name of names) mkdirSync(join(folder.path, name), { recursive: true });
    expect(await objection()).toBe('');
  });

  onLinux("is somebody else's where anything else is in it", async () => {
    mkdirSync(join(folder.path, 'tmp'), { recursive: true });
    writeFileSync(join(folder.path, 'file'), 'mine');
    expect(await objection()).toContain('was not made by x8sync');
  });

  onLinux.each(['tmp', 'partial'])(
    "is somebody else's where a file is in %s and there is no mark",
    async (name) => {
      mkdirSync(join(folder.path, name), { recursive: true });
      writeFileSync(join(folder.path, name, 'mine.txt'), 'mine');
      expect(await objection()).toContain('was not made by x8sync');
      expect(readdirSync(join(folder.path, name))).toEqual(['mine.txt']);
    },
  );

  onLinux('remembers how far its own task was, and no other', async () => {
    await folder.open();
    await folder.note('wiping');
    expect(await folder.open()).toBe('wiping');
    const other = new StagingFolder(scene.runtime.paths, 'other');
    writeFileSync(join(folder.partial, 'half'), '');
    expect(await other.open()).toBeUndefined();
    expect(readdirSync(folder.partial)).toEqual([]);
  });

  onLinux('takes up what a killed rsync left, whatever bytes its name has', async () => {
    await folder.open();
    await folder.note('copying');
    const name = Buffer.from([0x61, 0xff, 0x0a, 0x2e, 0x62]);
    const path = (where: string, end = '') =>
      Buffer.concat([Buffer.from(`${where}/`), name, Buffer.from(end)]);
    writeFileSync(path(folder.temporary, '.Ab12cD'), 'half');
    await folder.open();
    expect(readdirSync(folder.partial, { encoding: 'buffer' })).toEqual([name]);
    expect(await folder.close()).toBe(true);
    expect(readdirSync(scene.runtime.paths.target)).toEqual([]);
  });
});
