/** Whether two volumes are one tree, or the one lies in the other, as far as their mounts tell. */
import { isWithin, type MountEntry, type VolumeLocation } from '../volume/volume-location.ts';

export type Relation =
  | 'same'
  | 'source in target'
  | 'target in source'
  /** They have nothing in common. */
  | 'apart'
  /** Only a look into them can tell. */
  | 'unknown';

/**
 * File systems that belong to one node. Of any other kind, two mounts may show one tree, whatever their names and
 * numbers: two exports of one server, or a folder that FUSE shows once more.
 */
const local = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs bcachefs tmpfs ramfs vfat exfat ntfs3'.split(' '),
);

/** Exact where both are on one node and one file system: a folder has one path only. */
export function relationOf(source: VolumeLocation, target: VolumeLocation): Relation {
  const isOneNode = source.boot === target.boot;
  const share = (one: MountEntry, other: MountEntry) =>
    isOneNode ? one.device === other.device : isOneExport(one, other);
  const found = compare(source, target, share);
  if (found !== 'apart') return found;
  const all = [source.volume, ...source.below, target.volume, ...target.below];
  if (all.every(({ type }) => local.has(type))) return 'apart';
  // One file system and two of its folders, with nothing mounted in them.
  const isPlain = source.below.length === 0 && target.below.length === 0;
  return isPlain && isOneNode && share(source.volume, target.volume) ? 'apart' : 'unknown';
}

/** Two nodes that name a server's export alike. */
function isOneExport(one: MountEntry, other: MountEntry): boolean {
  return one.source.includes(':/') && one.source === other.source && one.type === other.type;
}

function compare(
  source: VolumeLocation,
  target: VolumeLocation,
  share: (one: MountEntry, other: MountEntry) => boolean,
): Relation {
  const [from, to] = [source.volume, target.volume];
  if (share(from, to) && from.root === to.root) return 'same';
  const holds = (outer: VolumeLocation, inner: MountEntry) =>
    [outer.volume, ...outer.below].some((mount) => share(mount, inner) && isWithin(inner.root, mount.root));
  if (holds(target, from)) return 'source in target';
  return holds(source, to) ? 'target in source' : 'apart';
}
