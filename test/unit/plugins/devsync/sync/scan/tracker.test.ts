import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDirectory } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { difference, lookup } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { DigestCache } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { Scanner } from '../../../../../../plugins/devsync/sync/scan/scan.ts';
import { Tracker } from '../../../../../../plugins/devsync/sync/scan/tracker.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { allTold } from '../../support/told.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tracker-'));
});
afterEach(() => rmSync(base, { recursive: true }));

/** Directories that this process has watched by the kernel. */
function watched(): number {
  const infos = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return '';
    }
  });
  return infos.join('').match(/^inotify /gm)?.length ?? 0;
}

(process.platform === 'linux' ? test : test.skip)(
  'what has left the tree is not watched any more, whoever finds out',
  async () => {
    const root = join(base, 'root');
    for (let index = 0; index < 20; index++) mkdirSync(join(root, `d/${index}`), { recursive: true });
    const before = watched();
    const one = new LocalEndpoint({
      root,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 1e6,
    });
    await one.refresh(true);
    expect(watched() - before).toBe(22);
    renameSync(join(root, 'd'), join(base, 'd'));
    await one.refresh(true);
    expect(watched() - before).toBe(1);
    await one.close();
  },
);

test('what nobody told of is found by the look that is due every minute', async () => {
  const root = join(base, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'file'), 'before');
  linkSync(join(root, 'file'), join(base, 'other-name'));
  const clock = fakeClock();
  const one = new LocalEndpoint({
    root,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
    clock,
  });
  await one.refresh(true);
  const before = one.tree;
  // The directory is watched, and this name of the file is not in it.
  writeFileSync(join(base, 'other-name'), 'after, and longer');
  await allTold();
  expect(one.isStale).toBe(false);
  await clock.advance(61_000);
  expect(one.isStale).toBe(true);
  await one.refresh();
  expect([...difference(before, one.tree)]).toEqual([['file', expect.objectContaining({ size: 17 })]]);
  await one.close();
});

(process.platform === 'linux' ? test : test.skip)(
  'a name that is no valid Unicode stays a problem when its file is written to, and goes with it',
  async () => {
    const root = join(base, 'root');
    mkdirSync(join(root, 'd'), { recursive: true });
    const latin = Buffer.concat([Buffer.from(`${root}/d/caf`), Buffer.from([0xe9])]);
    writeFileSync(latin, 'before');
    const one = new LocalEndpoint({
      root,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 1e6,
      // No look at everything is due.
      clock: fakeClock(),
    });
    await one.refresh(true);
    const path = 'd/caf\ufffd';
    const before = one.tree;
    expect(lookup(before, path)).toMatchObject({ kind: 'problem' });
    writeFileSync(latin, 'after');
    await allTold();
    // What is in it is nobody's concern.
    writeFileSync(join(root, 'other'), '');
    await allTold();
    await one.refresh();
    expect(lookup(one.tree, path)).toBe(lookup(before, path));
    unlinkSync(latin);
    await allTold();
    expect(one.isStale).toBe(true);
    await one.refresh();
    expect([...difference(before, one.tree)].map(([at]) => at).sort()).toEqual([path, 'other']);
    writeFileSync(latin, 'again');
    await allTold();
    await one.refresh();
    expect(lookup(one.tree, path)).toMatchObject({ kind: 'problem' });
    await one.close();
  },
);

test('a hint at a name that cannot be synced here says no more than that nothing is there', async () => {
  const scanner = new Scanner({
    root: base,
    options: { permissions: 'portable', symlinks: 'portable' },
    isIgnored: () => false,
    cache: new DigestCache(),
    mounts: new Set(),
    foldsNames: false,
  });
  for (const path of ['x'.repeat(300), `${'x'.repeat(300)}/y`, '..', '../y', '\ud800'])
    expect([path, await scanner.scan(path)]).toEqual([path, undefined]);
});

test('what we remove ourselves is let go of at once: weeks of builds leave nothing behind', async () => {
  const root = join(base, 'root');
  mkdirSync(root);
  const tracker = new Tracker({
    root,
    options: { permissions: 'portable', symlinks: 'portable' },
    isIgnored: () => false,
    cache: new DigestCache(true),
    mounts: new Set(),
    foldsNames: false,
    onHint: () => {},
    now: () => 0,
  });
  await tracker.refresh();
  const before = tracker.watched;
  for (let round = 0; round < 50; round++) {
    const made = Array.from({ length: 20 }, (_, index) => `${round}-${index}`);
    for (const path of made) {
      mkdirSync(join(root, path));
      using folder = Folder.open(join(root, path));
      tracker.noteMade(path, folder);
    }
    tracker.noteDone(made.map((path) => [path, emptyDirectory]));
    expect(tracker.watched - before).toBeLessThanOrEqual(20);
    for (const path of made) rmSync(join(root, path), { recursive: true });
    tracker.noteDone(made.map((path) => [path, undefined]));
  }
  expect(tracker.watched).toBe(before);
  tracker.close();
});
