/** Who is kept from a real folder, and in which words; root is kept from none. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { barred } from '../../../../../plugins/x8sync/mover/access.ts';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder that may be used', () => {
  expect(barred(folder, 'read', 'the source volume', 0)).toBeUndefined();
  expect(barred(folder, 'write', 'the target volume', 0)).toBeUndefined();
});

(isRoot ? test.skip : test)('one that may not be written to', () => {
  chmodSync(folder, 0o500);
  expect(barred(folder, 'write', 'the target volume', 1000)).toMatch(
    /user 1000 can't write to the root folder of the target volume: it belongs to \d+:\d+ and has mode 0500/,
  );
});
