import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  describeReadOnly,
  describeRefusal,
  explainingOwner,
} from '../../../../../plugins/devsync/agent/ownership.ts';

const node = { uid: 1000, gid: 1000, groups: [2000], label: '' };

test.each([
  [{ uid: 0, gid: 0, mode: 0o40755 }, '/app belongs to 0:0 (mode 0755), and the agent runs as 1000:1000'],
  [
    { uid: 1000, gid: 1000, mode: 0o40555 },
    '/app belongs to 1000:1000 (mode 0555), and the agent runs as 1000:1000',
  ],
  [
    { uid: 0, gid: 2000, mode: 0o42775 },
    '/app belongs to 0:2000 (mode 2775) and its mode lets 1000:1000 write: SELinux, another security module or the file system refuses',
  ],
])('%j is told', (owned, words) => {
  expect(describeRefusal('/app', owned, node)).toBe(words);
});

test('a security module is named by the label of the process', () => {
  const confined = { ...node, label: 'system_u:system_r:container_t:s0' };
  expect(describeRefusal('/app', { uid: 1000, gid: 1000, mode: 0o40755 }, confined)).toMatch(
    /refuses \(its label is system_u:system_r:container_t:s0\)$/,
  );
});

const mountInfo = `21 1 0:20 / / ro,relatime - overlay overlay ro
22 21 8:1 / /data ro,relatime - ext4 /dev/sda1 rw
23 21 0:30 / /data/deep\\040er rw - tmpfs tmpfs rw`;

test.each([
  ['/app', "the container's root file system is read-only"],
  ['/data', 'what is mounted at /data is read-only'],
  ['/data/src/main', 'what is mounted at /data is read-only'],
  ['/data/deep er/x', 'what is mounted at /data/deep er is read-only'],
])('of %s it is told what is mounted read-only', (path, words) => {
  expect(describeReadOnly(path, mountInfo)).toBe(words);
});

test('where nothing is known of mounts, that it is read-only is told', () => {
  expect(describeReadOnly('/app', '')).toBe('it is on a read-only file system');
  const failing = () => {
    throw Object.assign(new Error('as the system says'), { code: 'EROFS' });
  };
  expect(() => explainingOwner('', '/proc', failing)).toThrow('what is mounted at /proc is read-only');
});

test('what is missing is told of by the directory above it, and other errors stay as they are', () => {
  const base = mkdtempSync(join(tmpdir(), 'ownership-'));
  const failing = (code: string) => () => {
    throw Object.assign(new Error('as the system says'), { code });
  };
  try {
    mkdirSync(join(base, 'app'), { mode: 0o755 });
    expect(() => explainingOwner(base, '/app/src', failing('EACCES'))).toThrow(/^\/app belongs to /);
    expect(() => explainingOwner(base, '/app/src', failing('ENOENT'))).toThrow('as the system says');
    expect(explainingOwner(base, '/app', () => 1)).toBe(1);
  } finally {
    rmSync(base, { recursive: true });
  }
});
