import { expect, test } from '@jest/globals';
import { summaryOf } from '../../../../plugins/x8sync/report.ts';
import type { CopyResult } from '../../../../plugins/x8sync/request.ts';

const mebibyte = 2 ** 20;

function result(stats: Partial<CopyResult['stats']>): CopyResult {
  return {
    task: 'web',
    outcome: 'ok',
    message: '',
    mode: 'merge',
    source: 'a/shop/data',
    target: 'b/shop/data',
    address: undefined,
    stats: {
      files: 10,
      entries: 12,
      createdEntries: 11,
      transferredFiles: 10,
      transferredBytes: 8 * mebibyte,
      totalBytes: 8 * mebibyte,
      extraneous: 0,
      changes: 0,
      ...stats,
    } as CopyResult['stats'],
    failures: [],
    lost: [],
    changes: [],
    complaints: [],
    seconds: 4,
  };
}

test('a copy says how much it took, and how fast', () => {
  expect(summaryOf(result({}))).toBe(`Copied: a/shop/data → b/shop/data in 4.0s, 2.0 MiB/s over all
  files        10 of 10 copied, 8.0 MiB of 8.0 MiB
  entries      12 with directories and links, 11 of them new
  task         web`);
});

test('files that were not copied are accounted for', () => {
  expect(summaryOf(result({ transferredFiles: 9 }))).toContain(
    '9 of 10 copied, 8.0 MiB of 8.0 MiB\n               the others are hard links or were there already',
  );
});

test('a copy that had nothing to do has no speed', () => {
  const nothing = summaryOf(result({ transferredFiles: 0, transferredBytes: 0, createdEntries: 0 }));
  expect(nothing).toMatch(/^Already the same: a\/shop\/data → b\/shop\/data in 4\.0s\n/);
  expect(nothing).not.toContain('the others');
});
