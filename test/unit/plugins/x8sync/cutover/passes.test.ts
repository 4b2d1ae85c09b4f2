/** Copies while the workload runs: until one is quick, and not where none will be. */
import { describe, expect, test } from '@jest/globals';
import { copyUntilQuick } from '../../../../../plugins/x8sync/cutover/passes.ts';
import type { CopyContext, CopyRequest, CopyResult } from '../../../../../plugins/x8sync/run/request.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';

const context: CopyContext = {
  reporter: createSilentReporter(),
  clock: systemClock,
  signal: new AbortController().signal,
  onAbandoned: () => {},
};

/** Runs passes that take so many seconds each. */
async function passes(seconds: readonly number[], goal: number, more: object = {}, deletes = 'nothing') {
  const asked: (string | undefined)[] = [];
  const copyOnce = async (request: CopyRequest) => {
    asked.push(request.deletes);
    const stats = { transferredFiles: 1, transferredBytes: 1, extraneous: 0 };
    return {
      seconds: seconds[asked.length - 1],
      stats,
      failures: [],
      lost: [],
      ...more,
    } as unknown as CopyResult;
  };
  const request = { deletes } as CopyRequest;
  const result = await copyUntilQuick(request, goal * 1000, context, copyOnce);
  return { asked, seconds: result.map((pass) => pass.seconds) };
}

describe('passes', () => {
  test('go on until one is quick enough; only the first deletes as the person said', async () => {
    expect(await passes([100, 40, 9], 10)).toEqual({
      asked: ['nothing', 'all', 'all'],
      seconds: [100, 40, 9],
    });
    expect(await passes([9], 10, {}, 'half')).toEqual({ asked: ['half'], seconds: [9] });
  });

  test('end where they get no quicker, with a goal that would do', async () => {
    await expect(passes([100, 40, 39, 41], 10)).rejects.toMatchObject({
      message: 'no pass takes less than 39s, so nothing was stopped',
      hint: '--downtime-goal 47s would do',
    });
  });

  test.each<[string, object, RegExp]>([
    [
      'the target holds something else',
      { stats: { extraneous: 3 } },
      /has 3 entries that the source does not have/,
    ],
    [
      'a file can not be read',
      { failures: ['a'], message: 'denied' },
      /not every file can be copied.*: denied/,
    ],
    ['owners are not kept', { lost: ['ownership'] }, /does not keep all of the files.*: ownership/],
  ])('stop nothing where %s', async (_, result, message) => {
    await expect(passes([1], 10, result)).rejects.toThrow(message);
  });

  test('may find something else where it was to be deleted', async () => {
    expect(await passes([1], 10, { stats: { extraneous: 3 } }, 'half')).toMatchObject({ asked: ['half'] });
  });
});
