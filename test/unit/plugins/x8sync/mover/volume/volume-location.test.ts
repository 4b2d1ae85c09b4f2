/** Where a volume is, and whether two have anything in common. */
import { describe, expect, test } from '@jest/globals';
import { relationOf } from '../../../../../../plugins/x8sync/mover/copy/relation.ts';
import {
  type MountEntry,
  mountsAt,
  type VolumeLocation,
} from '../../../../../../plugins/x8sync/mover/volume/volume-location.ts';

const mountInfo = String.raw`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 254:0 /var/pods/1 /target rw,relatime master:1 - ext4 /dev/vda rw
32 31 0:41 / /target/in\040it rw,relatime - nfs4 files:/export/a rw
33 27 0:42 / /targets rw,relatime - tmpfs tmpfs rw
34 27 0:43 / /target rw,relatime - xfs /dev/vdb rw`;

test('the mounts of a tree, the last one at a folder covering the others', () => {
  expect(mountsAt('/target', mountInfo)).toEqual({
    volume: { device: '0:43', root: '/', type: 'xfs', source: '/dev/vdb' },
    below: [{ device: '0:41', root: '/', type: 'nfs4', source: 'files:/export/a' }],
  });
  expect(mountsAt('/target/in it', mountInfo).volume.device).toBe('0:41');
  expect(mountsAt('/elsewhere/deep', mountInfo).volume).toMatchObject({
    device: '254:0',
    root: '/elsewhere/deep',
  });
});

const mount = (root: string, more: Partial<MountEntry> = {}): MountEntry => ({
  device: '254:0',
  root,
  type: 'ext4',
  source: '/dev/vda',
  ...more,
});
const location = (
  volume: MountEntry,
  { boot = 'one', below = [] }: { boot?: string; below?: MountEntry[] } = {},
): VolumeLocation => ({
  boot,
  volume,
  below,
});

describe('on one node', () => {
  test.each([
    ['/a', '/a', 'same'],
    ['/a/b', '/a', 'source in target'],
    ['/a', '/a/b/c', 'target in source'],
    ['/a', '/ab', 'apart'],
    ['/', '/b', 'target in source'],
  ])('%s and %s of one file system: %s', (source, target, relation) => {
    expect(relationOf(location(mount(source)), location(mount(target)))).toBe(relation);
    const nfs = { type: 'nfs4', source: 'files:/export', device: '0:50' };
    expect(relationOf(location(mount(source, nfs)), location(mount(target, nfs)))).toBe(relation);
  });

  test('file systems of the node itself are apart, and what shows others is not known', () => {
    const [ext4, tmpfs] = [location(mount('/a')), location(mount('/', { device: '0:9', type: 'tmpfs' }))];
    expect(relationOf(ext4, tmpfs)).toBe('apart');
    const nfs = location(mount('/', { device: '0:10', type: 'nfs4', source: 'localhost:/a' }));
    expect(relationOf(ext4, nfs)).toBe('unknown');
    expect(relationOf(location(mount('/', { device: '0:11', type: 'fuse.bindfs' })), ext4)).toBe('unknown');
  });

  test('what is mounted below a volume belongs to it', () => {
    const inner = mount('/', { device: '8:1' });
    const outer = location(mount('/a'), { below: [inner] });
    expect(relationOf(location(mount('/x', { device: '8:1' })), outer)).toBe('source in target');
    expect(relationOf(outer, location(inner))).toBe('target in source');
  });
});

describe('on two nodes', () => {
  const there = { boot: 'two' };
  test('equal numbers and paths of local file systems mean nothing', () => {
    expect(relationOf(location(mount('/a')), location(mount('/a'), there))).toBe('apart');
  });

  test('an export by one name is one tree, by another it is not known', () => {
    const nfs = (source: string, root = '/') => mount(root, { type: 'nfs4', source, device: '0:50' });
    expect(relationOf(location(nfs('files:/e', '/a')), location(nfs('files:/e', '/a/b'), there))).toBe(
      'target in source',
    );
    expect(relationOf(location(nfs('files:/e')), location(nfs('10.0.0.1:/e'), there))).toBe('unknown');
    expect(relationOf(location(nfs('files:/e', '/a')), location(nfs('files:/e', '/b'), there))).toBe(
      'unknown',
    );
  });
});
