/** A copy beside which others wrote to the target. */
import { expect, test } from '@jest/globals';
import { batchError, titleOf as batchTitle } from '../../../../../../plugins/x8sync/batch/outcome.ts';
import { incompleteness } from '../../../../../../plugins/x8sync/commands/copy-outcome.ts';
import type { MoverEnd } from '../../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { type CopyEnd, withUsers } from '../../../../../../plugins/x8sync/run/results/copy-end.ts';
import { copyResult } from '../../../../../../plugins/x8sync/run/results/copy-result.ts';
import { summaryOf } from '../../../../../../plugins/x8sync/run/results/report.ts';
import { isWhole, titleOf } from '../../../../../../plugins/x8sync/run/results/result.ts';

const stats = { entries: 3, files: 2, transferredFiles: 2, transferredBytes: 10, totalBytes: 10 };
const end = (more: object = {}): MoverEnd =>
  ({ nonce: 'n', outcome: 'ok', message: '', stats, failures: [], lost: [], seconds: 1, ...more }) as never;
const story = {
  task: 't',
  source: 'a/s/one',
  target: 'b/s/two',
  mode: 'merge',
  checksum: false,
  seconds: 1,
} as const;
const resultOf = (said: CopyEnd) =>
  copyResult(said, { changes: [], diagnostics: [] } as never, { ...story, strategy: undefined });

test('is not whole, and names who wrote', () => {
  const used = withUsers(end(), ['web-0']);
  expect(isWhole(used)).toBe(false);
  expect(titleOf(used, 'merge')).toMatch(/^2 of 2 files copied.*; pod web-0 came to use the target claim/);
  const result = resultOf(used);
  expect(result).toMatchObject({ outcome: 'partial', targetUsers: ['web-0'] });
  expect(summaryOf(result)).toMatch(
    /^Copied while others wrote to the target: .*\n(.*\n)* {2}in use by {4}pod web-0/,
  );
  expect(incompleteness(result, false, 'run it again')).toMatchObject({
    exitCode: 5,
    message: 'target claim b/s/two came into use by pod web-0 while it was copied to',
    hint: expect.stringMatching(/scale its workload down, and run it again, with --verify/),
  });
});

test('tells what else was wrong as well', () => {
  const failed = { outcome: 'partial', message: '1 file vanished', failures: ['a'] };
  const result = resultOf(withUsers(end(failed), ['web-0']));
  expect(incompleteness(result, false, 'again')?.details.join('\n')).toMatch(/1 file vanished; pod web-0/);
});

test('that failed is no better known for them; one without them is as it was', () => {
  const failed = end({ outcome: 'io' });
  expect(withUsers(failed, ['web-0'])).toBe(failed);
  const whole = end();
  expect(withUsers(whole, [])).toBe(whole);
  expect(incompleteness(resultOf(whole), false, 'again')).toBeUndefined();
});

test('is not wholly copied among many', () => {
  const result = resultOf(withUsers(end(), ['web-0']));
  expect(batchTitle(result)).toBe('2 of 2 files, 10 B; pod web-0 came to use the target claim meanwhile');
  const error = batchError([{ label: 'one → two', outcome: 'incomplete', result }]);
  expect(error).toMatchObject({ exitCode: 5, details: [expect.stringMatching(/pod web-0/)] });
});
