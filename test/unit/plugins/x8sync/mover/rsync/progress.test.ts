/** rsync's progress and statistics, as it prints them. */
import { describe, expect, test } from '@jest/globals';
import { parseChange } from '../../../../../../plugins/x8sync/mover/rsync/changes.ts';
import { isNetworkCode, meaningOf } from '../../../../../../plugins/x8sync/mover/rsync/codes.ts';
import {
  ProgressGauge,
  parseProgress,
  type Totals,
} from '../../../../../../plugins/x8sync/mover/rsync/progress.ts';
import { parseStats } from '../../../../../../plugins/x8sync/mover/rsync/stats.ts';

describe('progress', () => {
  test('of a list that is complete, of one that grows, and within a file', () => {
    expect(parseProgress('      1238099  45%    1.10MB/s    0:00:01 (xfr#3, to-chk=12/345)')).toEqual({
      bytes: 1_238_099,
      percent: 45,
      rate: Math.floor(1.1 * 1048576),
      checked: { done: 333, all: 345, growing: false },
    });
    expect(parseProgress('  0   0%    0.00kB/s    0:00:00 (xfr#0, ir-chk=1000/2000)')?.checked?.growing).toBe(
      true,
    );
    expect(parseProgress('     32768   1%  512.00kB/s    0:00:02  ')).toEqual({
      bytes: 32_768,
      percent: 1,
      rate: 524_288,
    });
    expect(parseProgress('Number of files: 5')).toBeUndefined();
    const shared = '      21 100%   20.51kB/s    0:00:00 (xfr#2, to-chk=0/4)*deleting  |a b/ c';
    expect(parseProgress(shared)).toMatchObject({ bytes: 21, rest: '*deleting  |a b/ c' });
  });

  const complete = { done: 1, all: 2, growing: false };
  const growing = { ...complete, growing: true };

  test('has the totals that the source has counted, from the moment that it has', () => {
    let counted: Totals | undefined;
    const gauge = new ProgressGauge(0, () => counted);
    // What rsync has listed by now, and no word of what the file system has in use.
    expect(gauge.next({ bytes: 10, percent: 50, rate: 1, checked: growing }, 0)).toMatchObject({
      totalBytes: 20,
      totalFiles: 2,
      scanning: true,
    });
    counted = { bytes: 1000, entries: 7 };
    expect(gauge.next({ bytes: 20, percent: 40, rate: 1, checked: growing }, 0)).toMatchObject({
      bytes: 20,
      totalBytes: 1000,
      totalFiles: 7,
      scanning: false,
    });
  });

  test('counts what earlier attempts have brought, and never shows more than the total', () => {
    const later = new ProgressGauge(800, () => ({ bytes: 850, entries: 2 }));
    expect(later.next({ bytes: 100, percent: 50, rate: 1, checked: complete }, 0)).toMatchObject({
      bytes: 900,
      totalBytes: 900,
    });
    expect(later.moved).toBe(100);
  });

  test('where nothing moves for some seconds, that is told once; what comes then has a rate of its own', () => {
    const gauge = new ProgressGauge(0, () => ({ bytes: 1000, entries: 2 }));
    gauge.next({ bytes: 100, percent: 10, rate: 100 }, 0);
    expect([1000, 2000].map((now) => gauge.within(0, now))).toEqual([undefined, undefined]);
    expect(gauge.within(0, 3000)).toMatchObject({ bytes: 100, rate: 0 });
    expect([4000, 40_000].map((now) => gauge.within(0, now))).toEqual([undefined, undefined]);
    expect(gauge.within(50, 41_000)).toMatchObject({ bytes: 150, rate: 50 });
    expect(gauge.within(50, 44_000)).toMatchObject({ bytes: 150, rate: 0 });
  });

  test('within a file is what was written since rsync spoke, never less than before and never beyond the total', () => {
    const gauge = new ProgressGauge(0, () => ({ bytes: 1000, entries: 3 }));
    gauge.next({ bytes: 100, percent: 10, rate: 1, checked: complete }, 0);
    expect(gauge.within(50, 1000)).toMatchObject({ bytes: 150, totalBytes: 1000, files: 1, rate: 50 });
    expect(gauge.within(50, 2000)).toBeUndefined();
    expect(gauge.within(200, 3000)).toMatchObject({ bytes: 300, rate: 75 });
    // What was written besides is no part of the files.
    expect(gauge.next({ bytes: 290, percent: 29, rate: 1 }, 4000)).toMatchObject({ bytes: 300 });
    expect(gauge.within(5000, 5000)).toMatchObject({ bytes: 1000, totalBytes: 1000 });
    expect(gauge.moved).toBe(1000);
  });
});

test('statistics', () => {
  expect(parseStats('Number of files: 12 (reg: 5, dir: 3, link: 1, dev: 1, special: 2)')).toEqual({
    entries: 12,
    files: 5,
    dirs: 3,
    links: 1,
    specials: 3,
  });
  expect(parseStats('Number of created files: 0')).toEqual({ createdEntries: 0, createdFiles: 0 });
  expect(parseStats('Total transferred file size: 5368709120 bytes')).toEqual({
    transferredBytes: 5_368_709_120,
  });
  expect(parseStats('File list size: 0')).toBeUndefined();
});

test('changes, with names that look like their own form', () => {
  expect(parseChange('>f+++++++++|a|b')).toEqual({ item: '>f+++++++++', rest: 'a|b' });
  expect(parseChange('*deleting  |gone')).toEqual({ item: '*deleting', rest: 'gone' });
  expect(parseChange('sending incremental file list')).toBeUndefined();
});

test('codes of a broken line are told from those of a refusal', () => {
  expect([12, 255, 5].map((code) => isNetworkCode(code))).toEqual([true, true, true]);
  expect(isNetworkCode(5, true)).toBe(false);
  expect(isNetworkCode(23)).toBe(false);
  expect(meaningOf(99)).toBe('rsync ended with code 99');
});
