import { lstatSync, mkdtempSync, rmSync, type Stats, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DigestCache, sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

const digest = sha256(Buffer.from('content'));
let folder: string;
let stats: Stats;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-digest-'));
  writeFileSync(join(folder, 'file'), 'content');
  stats = lstatSync(join(folder, 'file'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what is remembered of a file that was read', () => {
  test.each([true, false])(
    'is not believed where it had just been written (exact times: %s)',
    (isPrecise) => {
      const cache = new DigestCache(isPrecise);
      // The system sets the time as a write begins: the rest of that write may still have been to come.
      cache.set('file', stats, digest, stats.mtimeMs + 19);
      expect(cache.get('file', stats)).toBeUndefined();
      expect([...cache.serialize()]).toEqual([]);
      cache.set('file', stats, digest, stats.mtimeMs + 21);
      expect(cache.get('file', stats)).toBe(digest);
    },
  );

  test('is of no use once the file has another time', () => {
    const cache = new DigestCache();
    cache.set('file', stats, digest, stats.mtimeMs + 21);
    utimesSync(join(folder, 'file'), 1, 1);
    expect(cache.get('file', lstatSync(join(folder, 'file')))).toBeUndefined();
  });
});

describe('what is remembered of a file of our own', () => {
  test('is believed at once where times are exact', () => {
    const cache = new DigestCache(true);
    cache.setOwn('file', stats, digest);
    expect(cache.get('file', stats)).toBe(digest);
  });

  test('is looked at again where somebody else could write within the same tick', () => {
    const cache = new DigestCache(false);
    cache.setOwn('file', { ...stats, mtimeMs: Date.now() } as Stats, digest);
    expect(cache.get('file', { ...stats, mtimeMs: Date.now() } as Stats)).toBeUndefined();
  });
});
