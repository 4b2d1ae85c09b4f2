/** What is ours lies outside of the trees of people, and a directory is known again from there. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isOurOwn } from '../../../../../../plugins/devsync/sync/files/names.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import {
  findMetadataFolder,
  knownRootId,
  metadataCandidatesInContainer,
  metadataFolderIn,
  openMetadataFolder,
  removeMetadataFolder,
  rootIdOf,
} from '../../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';

let base: string;
let root: string;
let places: string[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'metadata-'));
  root = join(base, 'root');
  mkdirSync(root);
  places = [metadataFolderIn(base, root)];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function opened(at: readonly string[] = places): { path: string; isInside: boolean; rootId: string } {
  const { folder, ...metadata } = openMetadataFolder(root, at);
  folder.close();
  return metadata;
}

describe('the folder', () => {
  test('is beside the root, and nothing is in the root', () => {
    const { path, isInside } = opened();
    expect([path, isInside, readdirSync(root)]).toEqual([places[0], false, []]);
    expect(isOurOwn(path.slice(base.length + 1))).toBe(true);
    expect(findMetadataFolder(root, places)).toBe(path);
    removeMetadataFolder(root, places);
    expect(readdirSync(base)).toEqual(['root']);
  });

  test('of two roots in one directory are two', () => {
    const other = join(base, 'other');
    mkdirSync(other);
    expect(rootIdOf(root, places)).not.toBe(rootIdOf(other, [metadataFolderIn(base, other)]));
    expect(readdirSync(base).filter(isOurOwn).length).toBe(2);
  });

  test('stays where it was once made, though a better place is there by now', () => {
    const second = metadataFolderIn(join(base, 'second'), root);
    mkdirSync(join(base, 'second'));
    opened([second]);
    expect(opened([...places, second]).path).toBe(second);
  });

  test.each([
    ['on another file system', () => '/dev/shm'],
    ['not there', () => join(base, 'missing')],
    [
      'a link',
      () => {
        mkdirSync(join(base, 'elsewhere'));
        symlinkSync(join(base, 'elsewhere'), join(base, 'link'));
        return join(base, 'link');
      },
    ],
    [
      'open to others',
      () => {
        const folder = join(base, 'open');
        mkdirSync(metadataFolderIn(folder, root), { recursive: true });
        chmodSync(metadataFolderIn(folder, root), 0o777);
        return folder;
      },
    ],
  ])('is in the root where the place is %s', (_, make) => {
    const metadata = opened([metadataFolderIn(make(), root)]);
    expect([metadata.isInside, metadata.path]).toEqual([true, join(root, '.x8s-devsync')]);
    expect(readdirSync(root)).toEqual(['.x8s-devsync']);
    rmSync(metadataFolderIn('/dev/shm', root), { recursive: true, force: true });
  });

  test('of a directory in a container is beside it, or where all may write', () => {
    expect(
      metadataCandidatesInContainer('/proc/1/root', '/srv/app').map((place) =>
        place.replace(/-[0-9a-f]{12}$/, ''),
      ),
    ).toEqual(['/srv', '/var/tmp', '/tmp'].map((folder) => `/proc/1/root${folder}/.x8s-devsync`));
  });
});

describe('the root', () => {
  test('is known again, and changes in it and of it do not matter', () => {
    const { rootId } = opened();
    writeFileSync(join(root, 'f'), 'x');
    chmodSync(root, 0o700);
    renameSync(join(root, 'f'), join(root, 'g'));
    expect([knownRootId(root, places), opened().rootId]).toEqual([rootId, rootId]);
  });

  test('that is made anew under its name is another one, whatever inode it gets', () => {
    const { rootId } = opened();
    for (let attempt = 0; attempt < 5; attempt++) {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      expect(knownRootId(root, places)).toBeUndefined();
    }
    expect(opened().rootId).not.toBe(rootId);
  });

  test('that is exchanged for another one is another one', () => {
    const { rootId } = opened();
    renameSync(root, join(base, 'old'));
    mkdirSync(root);
    expect(knownRootId(root, places)).toBeUndefined();
    rmSync(root, { recursive: true });
    renameSync(join(base, 'old'), root);
    expect(knownRootId(root, places)).toBe(rootId);
  });
});

test('what an earlier version has kept in the root comes along: its id, its trash, what was on its way', async () => {
  const { rootId } = opened([]);
  const old = join(root, '.x8s-devsync');
  mkdirSync(join(old, 'trash', 'op', 'd'), { recursive: true });
  writeFileSync(join(old, 'trash', 'op', 'd', 'f'), 'precious');
  expect(knownRootId(root, places)).toBe(rootId);
  const endpoint = new LocalEndpoint({
    root,
    metadataCandidates: places,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
  expect([endpoint.facts.rootId, endpoint.facts.metadataFolder]).toEqual([rootId, places[0]]);
  expect((await endpoint.trash()).items).toEqual([{ operation: 'op', path: 'd/f', size: 8 }]);
  await endpoint.restore({ operation: 'op', path: 'd/f' }, 'back');
  await endpoint.close();
  expect(readFileSync(join(root, 'd/f'), 'utf8')).toBe('precious');
  expect([existsSync(old), knownRootId(root, places)]).toEqual([false, rootId]);
});
