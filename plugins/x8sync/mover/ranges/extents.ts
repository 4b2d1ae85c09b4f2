/** Where a file of the source has data, and that data. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync, statfsSync } from 'node:fs';
import { openFile } from './below.ts';
import type { Extent, FileLayout, Range } from './layout.ts';

/**
 * Node.js can't ask for holes. Perl can: whence 3 is SEEK_DATA and 4 is SEEK_HOLE on Linux (lseek(2)); behind the last
 * data the answer is ENXIO, which is 6.
 */
const seek = `
open(my $file, "<&=", 3) or exit 1;
my $size = -s $file;
for (my $at = 0; $at < $size;) {
  my $data = sysseek($file, $at, 3);
  if (!defined $data) { last if $! == 6; exit 1 }
  my $hole = sysseek($file, $data, 4);
  exit 1 if !defined $hole;
  print $data + 0, " ", $hole - $data, "\\n";
  $at = $hole;
}`;

/**
 * File systems whose holes are holes, by their numbers (linux/magic.h). Nobody looks at a hole again, so one that is told
 * where a file has data would come as zeros: OpenZFS did so with what had just been written, in releases until 2.2.2
 * (https://github.com/openzfs/zfs/issues/15526), and a network's or a FUSE's file system may have such a one behind it.
 */
const soundTypes: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
]);

/** Whether the holes of a file system of this type, as statfs(2) tells it, are believed. */
export const tellsHoles = (type: number): boolean => soundTypes.has(type);

/** A smaller hole is sent as the zeros that it reads as, and found again by its zeros at the target. */
const smallestHole = 65_536;
/** A file in more pieces than that is left to rsync: their list would not be small any more. */
const mostExtents = 100_000;
const bufferBytes = 1 << 20;

/** @throws Error where there is no such file. */
export function layoutOf(source: string, path: Buffer): FileLayout {
  const file = openFile(source, path);
  try {
    const { size, mtimeNs, ctimeNs, ino } = fstatSync(file, { bigint: true });
    const version = {
      size: Number(size),
      modified: String(mtimeNs),
      changed: String(ctimeNs),
      inode: String(ino),
    };
    return { ...version, extents: extentsOf(file, version.size) };
  } finally {
    closeSync(file);
  }
}

/** All of a file counts as data where its file system's holes are not believed, as all of it does for rsync. */
function extentsOf(file: number, size: number): readonly Extent[] {
  const all: readonly Extent[] = size === 0 ? [] : [[0, size]];
  if (!tellsHoles(statfsSync(`/proc/self/fd/${file}`).type)) return all;
  const most = 16 << 20;
  const { status, stdout } = spawnSync('perl', ['-e', seek], {
    stdio: ['ignore', 'pipe', 'ignore', file],
    maxBuffer: most,
    encoding: 'latin1',
  });
  if (status !== 0) return all;
  return joined(stdout.split('\n').filter((line) => line !== ''));
}

function joined(lines: readonly string[]): readonly Extent[] {
  const extents: [offset: number, length: number][] = [];
  for (const line of lines) {
    const [offset = 0, length = 0] = line.split(' ').map(Number);
    const last = extents.at(-1);
    if (last && offset - (last[0] + last[1]) < smallestHole) last[1] = offset + length - last[0];
    else extents.push([offset, length]);
  }
  if (extents.length > mostExtents) throw new Error('the file is in too many pieces');
  return extents;
}

/**
 * The bytes of a range, and after them the 32 bytes of their SHA-256. Each chunk is valid until the next one.
 *
 * @throws Error where there is no such file, or it is shorter.
 */
export function rangeData(source: string, path: Buffer, range: Range): Generator<Buffer> {
  return dataOf(openFile(source, path), range);
}

/** The same of what is open, which is closed in the end. */
export function* dataOf(file: number, range: Range): Generator<Buffer> {
  try {
    const digest = createHash('sha256');
    const buffer = Buffer.allocUnsafe(bufferBytes);
    for (const [start, length] of range) {
      for (let offset = start, left = length; left > 0; ) {
        const read = readSync(file, buffer, 0, Math.min(left, bufferBytes), offset);
        if (read === 0) throw new Error('it has become shorter');
        const chunk = buffer.subarray(0, read);
        digest.update(chunk);
        yield chunk;
        [offset, left] = [offset + read, left - read];
      }
    }
    yield digest.digest();
  } finally {
    closeSync(file);
  }
}
