/** What became of a device, as a person reads it. */
import { expect, test } from '@jest/globals';
import { titleOf as batchTitle } from '../../../../../../plugins/x8sync/batch/outcome.ts';
import type { CopyResult } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { summaryOf } from '../../../../../../plugins/x8sync/run/results/report.ts';

const mebibyte = 2 ** 20;
const result = {
  task: 't',
  outcome: 'ok',
  message: '',
  mode: 'merge',
  compared: 'size and time',
  source: 'a/shop/disk',
  target: 'b/shop/disk',
  address: undefined,
  stats: {} as CopyResult['stats'],
  failures: [],
  lost: [],
  changes: [],
  diagnostics: [],
  seconds: 2,
  device: {
    ...{ sourceBytes: 64 * mebibyte, targetBytes: 66 * mebibyte, blocks: 1024, differing: 33 },
    ...{ sentBytes: 65_536, zeroedBytes: 2 * mebibyte },
  },
} as const satisfies CopyResult;

test('bytes and blocks, and no files', () => {
  expect(summaryOf(result)).toBe(
    `Copied: a/shop/disk → b/shop/disk in 2.0s, 32 KiB/s over all
  device       64 KiB of 64 MiB copied, 2.0 MiB made zeros
  compared     1,024 blocks by digest, 33 of them differed
  kept         the last 2.0 MiB of the target, which is larger
  task         t`,
  );
  expect(batchTitle(result)).toBe('64 KiB of 64 MiB copied, 2.0 MiB made zeros');
});

test('a device that was the same by digest, a dry run, and one that differs after all', () => {
  const same = { ...result.device, differing: 0, sentBytes: 0, zeroedBytes: 0, targetBytes: 64 * mebibyte };
  expect(summaryOf({ ...result, device: same })).toMatch(
    /^Already the same by digest: .*\n.* 0 B of 64 MiB copied\n/,
  );
  expect(summaryOf({ ...result, mode: 'dry-run' })).toMatch(
    /^Dry run: .*nothing was changed\n.*would be copied/,
  );
  const verification = {
    ...({ unit: 'blocks', entries: 1024, files: 1, bytes: 64 * mebibyte } as const),
    ...{ different: 1, extraneous: 0, aspects: { content: 1 } },
  };
  const differences = [{ path: 'bytes 0–65535', aspects: ['content' as const], detail: 'content differs' }];
  const text = summaryOf({ ...result, outcome: 'differs', verification, differences });
  expect(text).toMatch(/^Copied, and not the same:/);
  expect(text).toMatch(
    /verified +1,024 blocks, 64 MiB, read on both sides\n +differ +1 block: content 1\n +bytes 0–65535: content differs/,
  );
});

test('what was frozen is told', () => {
  const snapshot = { method: 'snapshot', takenAt: '2026-11-28T22:00:00Z' } as const;
  expect(summaryOf({ ...result, snapshot })).toMatch(
    /\n {2}source +Snapshot of the source, as it was at 2026-11-28T22:00:00Z$/,
  );
});
