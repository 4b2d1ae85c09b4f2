/** Where a file has data, on real file systems: only some are believed what they say of their holes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { layoutOf, tellsHoles } from '../../../../../../plugins/x8sync/mover/ranges/extents.ts';
import { bytesOf } from '../../../../../../plugins/x8sync/mover/ranges/layout.ts';
import { onLinux } from '../../../../support/mover-stage.ts';
import { needing } from '../../../../support/needing.ts';

const mebibyte = 1 << 20;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-extents-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** 8 MiB of which the second one holds data. */
function sparseFile(at: string): void {
  const options = ['bs=1M', 'count=1', 'seek=1', 'conv=notrunc'];
  execFileSync('dd', ['if=/dev/urandom', `of=${at}/file`, ...options], { stdio: 'ignore' });
  execFileSync('truncate', ['-s', '8M', `${at}/file`]);
}

const dataIn = (at: string) => bytesOf(layoutOf(at, Buffer.from('file')).extents);

onLinux('holes of a tmpfs, and of a disk, are left out', () => {
  const memory = mkdtempSync('/dev/shm/x8s-extents-');
  try {
    for (const at of [memory, folder].filter((one) => tellsHoles(statfsSync(one).type))) {
      sparseFile(at);
      expect(dataIn(at)).toBe(mebibyte);
    }
  } finally {
    rmSync(memory, { recursive: true });
  }
});

needing(
  onLinux,
  '/dev/fuse',
  '/usr/bin/bindfs',
)('of what a FUSE shows, all counts as data', () => {
  const [behind, shown] = [join(folder, 'behind'), join(folder, 'shown')];
  for (const one of [behind, shown]) mkdirSync(one);
  sparseFile(behind);
  execFileSync('bindfs', [behind, shown]);
  try {
    expect(dataIn(shown)).toBe(8 * mebibyte);
  } finally {
    execFileSync('umount', ['--lazy', shown]);
  }
});

test.each([
  ['ext4', 0xef53, true],
  ['XFS', 0x58465342, true],
  ['ZFS', 0x2fc12fc1, false],
  ['NFS', 0x6969, false],
  ['overlayfs, which has another below', 0x794c7630, false],
  ['one of another number', 1, false],
])('%s', (_, type, believed) => expect(tellsHoles(type)).toBe(believed));
