/** Kinds of file systems that need care, told by the number that statfs(2) gives. */
import { statfsSync } from 'node:fs';

/** File systems that the kernel generates: they hold no real files, and listing them may never end. */
const pseudo = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x1cd1, 'devpts'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0xcafe4a11, 'bpf'],
  [0x6165676c, 'pstore'],
  [0x19800202, 'mqueue'],
  [0x6e736673, 'nsfs'],
]);

/** Throws where a directory holds no files that could be synced. */
export function requireFiles(folder: string): void {
  const name = pseudo.get(statfsSync(folder).type >>> 0);
  if (name === undefined) return;
  throw Object.assign(
    new Error(`it is on ${name}, which holds no files but what the kernel tells of itself`),
    {
      code: 'ENOTSUP',
    },
  );
}

/** File systems on which notifications do not tell what other machines do. */
const networked = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x6b414653, 'AFS'],
  [0x5346414f, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'a VirtualBox folder'],
]);

/** File systems without permissions, as a rule: a share may know them, and so may a disk of Windows that Linux sees. */
const withoutModes = new Set([
  ...[0x4d44, 0x2011bab0, 0x5346544e, 0x7366746e],
  // SMB and CIFS by their numbers; 9P, by which Linux sees the disks of the Windows around it.
  ...[0x517b, 0xff534d42, 0xfe534d42, 0x01021997],
]);

/**
 * Whether a directory is on a file system that has no permissions, as far as that can be told without writing to it.
 *
 * @param typeOf as for {@link networkFileSystem}.
 */
export function lacksModes(path: string, typeOf = (at: string): number => statfsSync(at).type): boolean {
  return withoutModes.has(typeOf(path) >>> 0);
}

/**
 * The name of the network file system that a directory is on, if it is one.
 *
 * @param typeOf asks the system: the number by which statfs(2) knows a file system, which may come with a sign.
 */
export function networkFileSystem(
  path: string,
  typeOf = (at: string): number => statfsSync(at).type,
): string | undefined {
  try {
    return networked.get(typeOf(path) >>> 0);
  } catch {
    return undefined;
  }
}
