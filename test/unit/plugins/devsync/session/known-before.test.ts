import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDirectory } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { KnownBefore } from '../../../../../plugins/devsync/session/known-before.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function attach(binding: string, origin = 'image'): KnownBefore {
  const known = new KnownBefore(folder, binding);
  known.begin({ origin }, emptyDirectory);
  return known;
}

test('a new container stays a new one until its first reconciliation has come to its end', () => {
  expect(attach('first').isSuccessor).toBe(false);
  expect(attach('second').isSuccessor).toBe(true);
  // The stream broke.
  const again = attach('second');
  expect(again.isSuccessor).toBe(true);
  again.settle();
  expect(attach('second').isSuccessor).toBe(false);
  // One that never came to its end says nothing of the next ones.
  expect(attach('third').isSuccessor).toBe(true);
  expect(attach('elsewhere', 'another image').isSuccessor).toBe(false);
});
