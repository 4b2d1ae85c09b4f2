/** LOCAL on a file system that knows neither permissions nor case, such as a disk of Windows, a stick, or a share. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { childrenOf, type File, walk } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import type { ScanOptions } from '../../../../../../plugins/devsync/sync/scan/scan.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { mountShare, needingShares } from '../../../../support/caseless-share.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { Pair } from '../../support/pair.ts';
import { allTold } from '../../support/told.ts';

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

/** But for ours. */
const namesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();

withShare('names that change only by case are found by what the system tells of them', async () => {
  await openShared({ readme: 0o644 }, 'portable');
  mkdirSync(join(pair.local, 'components'));
  writeFileSync(join(pair.local, 'components/a.ts'), 'a');
  const endpoint = new LocalEndpoint({
    root: pair.local,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
    // No look at everything is due.
    clock: fakeClock(),
  });
  try {
    await endpoint.refresh(true);
    renameSync(join(pair.local, 'components'), join(pair.local, 'Components'));
    renameSync(join(pair.local, 'readme'), join(pair.local, 'README'));
    await eventually(async () => {
      await endpoint.refresh();
      const paths = [...walk(endpoint.tree)].filter(([, { kind }]) => kind !== 'untracked');
      expect(paths.map(([path]) => path).sort()).toEqual(['', 'Components', 'Components/a.ts', 'README']);
    });
    // What is told of the old names by now is told of no file.
    await allTold();
    writeFileSync(join(pair.local, 'readme'), 'read me again');
    await eventually(async () => {
      await endpoint.refresh();
      expect(childrenOf(endpoint.tree).get('README')).toMatchObject({ size: 13 });
    });
    expect(childrenOf(endpoint.tree).has('readme')).toBe(false);
  } finally {
    await endpoint.close();
  }
});

withShare('a directory and a file whose names change only by case are each one on both sides', async () => {
  await openShared({ readme: 0o644 }, 'portable');
  for (const side of [pair.local, pair.container]) {
    mkdirSync(join(side, 'components'));
    writeFileSync(join(side, 'components/a.ts'), 'a');
  }
  await pair.start();
  await pair.synchronizer.flush();
  renameSync(join(pair.local, 'components'), join(pair.local, 'Components'));
  renameSync(join(pair.local, 'readme'), join(pair.local, 'README'));
  await eventually(() => expect(namesIn(pair.container)).toEqual(['Components', 'README']));
  expect(readFileSync(join(pair.container, 'Components/a.ts'), 'utf8')).toBe('a');
  expect((await pair.synchronizer.flush()).conflicts).toEqual([]);
  expect(namesIn(pair.local)).toEqual(['Components', 'README']);
});

withShare(
  'of two directories of the container that are one here, nothing of the second one goes into the first one',
  async () => {
    await openShared({}, 'portable');
    for (const name of ['Foo', 'foo']) {
      mkdirSync(join(pair.container, name));
      writeFileSync(join(pair.container, name, name === 'Foo' ? 'x' : 'y'), name);
    }
    await pair.start();
    const { problems } = await pair.synchronizer.flush();
    expect(readdirSync(join(pair.local, 'Foo'))).toEqual(['x']);
    expect(readdirSync(join(pair.container, 'Foo'))).toEqual(['x']);
    expect(readdirSync(join(pair.container, 'foo'))).toEqual(['y']);
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          path: 'foo/y',
          problem: expect.stringMatching(/^Foo differs only by case/),
        }),
      ]),
    );
  },
);

withShare('what was renamed here by case alone is not deleted, or changed, by its old name', async () => {
  await openShared({ readme: 0o644, other: 0o644 }, 'portable');
  await pair.start();
  await pair.synchronizer.flush();
  const entry = (name: string) => childrenOf(pair.here.tree).get(name) as File;
  const [readme, other] = [entry('readme'), entry('other')];
  for (const name of ['readme', 'other'])
    renameSync(join(pair.local, name), join(pair.local, name.toUpperCase()));
  await pair.synchronizer.pause();
  const results = await pair.here.apply(
    [
      { path: 'readme', old: readme, new: undefined },
      { path: 'other', old: other, new: { ...other, executable: true } },
    ],
    'one',
  );
  expect(results).toEqual([{ path: 'readme' }, { path: 'other', problem: 'it has gone meanwhile' }]);
  expect(namesIn(pair.local)).toEqual(['OTHER', 'README']);
});
