/** LOCAL on a file system that knows no permissions, such as a disk of Windows, a stick, or a share. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { ScanOptions } from '../../../../../../plugins/devsync/sync/scan/scan.ts';
import { mountShare, needingShares } from '../../../../support/caseless-share.ts';
import { Pair } from '../../support/pair.ts';

const unmounts: (() => void)[] = [];
let pair: Pair;
afterEach(async () => {
  await pair.stop();
  for (const unmount of unmounts.splice(0)) unmount();
  await pair.remove();
});

const withShare = needingShares(process.getuid?.() === 0 ? test : test.skip);

/** A pair whose LOCAL is a share, with these files on both sides. */
async function openShared(
  files: Readonly<Record<string, number>>,
  permissions: ScanOptions['permissions'],
): Promise<void> {
  pair = new Pair({ scan: { permissions, symlinks: 'portable' } });
  const behind = join(pair.base, 'behind');
  mkdirSync(behind);
  unmounts.push(await mountShare(behind, pair.local));
  for (const [name, mode] of Object.entries(files)) {
    for (const side of [pair.local, pair.container]) writeFileSync(join(side, name), name);
    chmodSync(join(pair.container, name), mode);
  }
}

const modeThere = (name: string) => (lstatSync(join(pair.container, name)).mode & 0o777).toString(8);

for (const permissions of ['portable', 'kept'] as const) {
  withShare(`permissions in the container stay what they are (${permissions})`, async () => {
    await openShared({ 'run.sh': 0o755, plain: 0o644 }, permissions);
    await pair.start();
    expect((await pair.synchronizer.flush()).conflicts).toEqual([]);
    expect(pair.here.facts).toMatchObject({ hasModes: false, foldsNames: true });
    // The ancestor knows the bit; a new process has nothing else to tell it from.
    await pair.stop();
    await pair.start();
    await pair.synchronizer.flush();
    expect([modeThere('run.sh'), modeThere('plain')]).toEqual(['755', '644']);
    chmodSync(join(pair.container, 'plain'), 0o755);
    await pair.synchronizer.flush();
    writeFileSync(join(pair.local, 'plain'), 'edited');
    // As an editor saves, with a look in the middle.
    rmSync(join(pair.local, 'run.sh'));
    await pair.here.refresh();
    writeFileSync(join(pair.local, 'run.sh'), 'saved');
    writeFileSync(join(pair.local, 'new'), 'new');
    const state = await pair.synchronizer.flush();
    expect([state.conflicts, state.problems]).toEqual([[], []]);
    expect([modeThere('run.sh'), modeThere('plain')]).toEqual(['755', '755']);
    expect(modeThere('new')).toBe('644');
    expect(readFileSync(join(pair.container, 'run.sh'), 'utf8')).toBe('saved');
    const before = pair.states.length;
    await pair.synchronizer.flush();
    expect(pair.states.slice(before).some(({ phase }) => phase === 'syncing')).toBe(false);
  });
}
