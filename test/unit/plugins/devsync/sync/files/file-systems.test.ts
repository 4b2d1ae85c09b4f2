import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  lacksModes,
  networkFileSystem,
  requireFiles,
} from '../../../../../../plugins/devsync/sync/files/file-systems.ts';
import { requireWritable } from '../../../../../../plugins/devsync/sync/local/scan-once.ts';

(process.platform === 'linux' ? test : test.skip)(
  'what the kernel makes up is refused, and a volume is not',
  () => {
    for (const path of ['/proc', '/proc/self', '/sys'])
      expect(() => requireFiles(path)).toThrow(/it is on (proc|sysfs), which holds no files/);
    requireFiles(tmpdir());
    requireFiles('/dev');
  },
);

test('a file is no directory, whoever may write to it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pseudo-'));
  try {
    requireWritable(folder);
    writeFileSync(join(folder, 'file'), '');
    expect(() => requireWritable(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Faked answers of statfs(2), in the shapes that systems give them: the devsync tests on clusters mount a real one. */
test.each([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xff534d42 | 0, 'CIFS'],
  [0xfe534d42 | 0, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0xef53, undefined],
  [0x01021994, undefined],
  [0x794c7630, undefined],
])('the file system %i is the network file system %s', (type, name) => {
  expect(networkFileSystem('/anywhere', () => type)).toBe(name);
});

test.each([
  [0x4d44, true],
  [0xfe534d42 | 0, true],
  [0x01021997, true],
  [0xef53, false],
  [0x6969, false],
])('whether the file system %i has no permissions: %s', (type, lacks) => {
  expect(lacksModes('/anywhere', () => type)).toBe(lacks);
});

test('what is not there is on none', () => {
  expect(networkFileSystem('/nowhere/at/all')).toBeUndefined();
});
