import { expect, test } from '@jest/globals';
import type { CopyResult } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { summaryOf } from '../../../../../../plugins/x8sync/run/results/report.ts';
import { verificationTitle } from '../../../../../../plugins/x8sync/run/results/verification.ts';

const mebibyte = 2 ** 20;

function result(stats: Partial<CopyResult['stats']>): CopyResult {
  return {
    task: 'web',
    outcome: 'ok',
    message: '',
    mode: 'merge',
    compared: 'size and time',
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
      attributes: 0,
      removed: 0,
      ...stats,
    } as CopyResult['stats'],
    failures: [],
    lost: [],
    changes: [],
    diagnostics: [],
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
    '9 of 10 copied, 8.0 MiB of 8.0 MiB\n               the others are hard links or were there already, by size and time',
  );
});

test('a copy that had nothing to do has no speed', () => {
  const nothing = summaryOf(result({ transferredFiles: 0, transferredBytes: 0, createdEntries: 0 }));
  expect(nothing).toMatch(/^Already the same by size and time: a\/shop\/data → b\/shop\/data in 4\.0s\n/);
  expect(nothing).not.toContain('the others');
});

test('a source without an entry is not called copied, nor the same', () => {
  const stats = { files: 0, entries: 1, transferredFiles: 0, createdEntries: 0, changes: 1, attributes: 1 };
  expect(summaryOf(result(stats))).toMatch(/^Nothing to copy: /);
});

test('two empty trees are said to be empty, and not the same', () => {
  const none = { entries: 1, files: 0, bytes: 0, different: 0, extraneous: 0, aspects: {} };
  const verified = (verification: CopyResult['verification']) =>
    summaryOf({ ...result({}), mode: 'verify', verification });
  expect(verified(none)).toMatch(/^Both are empty: /);
  expect(verified({ ...none, extraneous: 3 })).toMatch(/^The source is empty: [\s\S]*3 more of its own/);
  expect(verified({ ...none, entries: 2 })).toMatch(/^The same: /);
  expect(verified({ ...none, different: 1 })).toMatch(/^Not the same: /);
  expect(verified({ ...none, unit: 'blocks' })).toMatch(/^The same: /);
  expect(verificationTitle(none)).toBe('verified: both are empty');
});

test('what was compared is said where files were left as they are', () => {
  const left = { transferredFiles: 9 };
  expect(summaryOf(result(left))).toMatch(
    /compared +size and time; content .* was not read \(--checksum reads it\)/,
  );
  expect(summaryOf({ ...result(left), compared: 'content' })).toMatch(/compared +the content of all files/);
  expect(summaryOf(result({}))).not.toContain('compared');
});

test('a run that changed modes, owners and times only has changed something', () => {
  const stats = { transferredFiles: 0, transferredBytes: 0, createdEntries: 0, changes: 4, attributes: 4 };
  const said = summaryOf(result(stats));
  expect(said).toMatch(/^Attributes copied: /);
  expect(said).toMatch(/attributes +4 entries differed in mode, owner, time or attributes only/);
});

test('a dry run of --force tells what would be removed, and then what would be copied', () => {
  const changes = ['*deleting old', '>f+++++++++ new'];
  const stats = { changes: 3, removed: 2, extraneous: 0 };
  const said = summaryOf({ ...result(stats), mode: 'force-dry-run', changes });
  expect(said).toMatch(/\*deleting old\n +>f\+* new\n +… and 3 more\n +would remove 2 entries first/);
});

test('a dry run tells what would not come to its place', () => {
  const failures = Array.from({ length: 6 }, (_, index) => `n${index}`);
  const said = summaryOf({ ...result({ obstructed: 6 }), mode: 'dry-run', failures });
  expect(said).toMatch(
    /would miss +6 entries, in whose places folders stand that are not empty: n0, n1, n2, n3, n4, …/,
  );
  expect(summaryOf({ ...result({}), mode: 'dry-run' })).not.toMatch(/would miss/);
});

test('a path of thousands of characters is shown by its beginning and its end', () => {
  const path = `begin/${'x'.repeat(4140)}/end`;
  const verification = {
    entries: 2,
    files: 1,
    bytes: 1,
    different: 1,
    extraneous: 0,
    aspects: { unread: 1 },
  };
  const told = [
    summaryOf({
      ...result({}),
      outcome: 'differs',
      verification,
      differences: [{ path, aspects: ['unread'], detail: 'not read' }],
    }),
    summaryOf({ ...result({}), mode: 'dry-run', changes: [path] }),
    summaryOf({ ...result({}), lost: ['acls'], losses: [{ kind: 'acls', count: 1, names: [path] }] }),
  ];
  for (const text of told) {
    expect(text).toMatch(/begin\/x+…x+\/end/);
    expect(text.length).toBeLessThan(1000);
  }
});
