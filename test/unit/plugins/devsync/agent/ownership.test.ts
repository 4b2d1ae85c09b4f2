import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeRefusal, explainingOwner } from '../../../../../plugins/devsync/agent/ownership.ts';

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
