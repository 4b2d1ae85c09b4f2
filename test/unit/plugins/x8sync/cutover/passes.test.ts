/** Copies while the workload runs: until one is quick, and not where none will be. */
import { describe, expect, test } from '@jest/globals';
import { copyUntilQuick } from '../../../../../plugins/x8sync/cutover/passes.ts';
import type {
  CopyContext,
  CopyRequest,
  CopyResult,
} from '../../../../../plugins/x8sync/run/request/request.ts';
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
    const stats = { transferredFiles: 1, transferredBytes: 1, extraneous: 0, undeleted: 0 };
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
      'others write to the target meanwhile',
      { target: 'b/s/two', targetUsers: ['web-0'] },
      /b\/s\/two came into use by pod web-0, so nothing was stopped/,
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
    const stats = { extraneous: 3, undeleted: 0 };
    expect(await passes([1], 10, { stats }, 'half')).toMatchObject({ asked: ['half'] });
  });

  test('go on where nothing else was found, though files went from the source meanwhile', async () => {
    const went = { outcome: 'partial', stats: { extraneous: 0, vanished: 2 } };
    expect(await passes([20, 1], 10, went)).toMatchObject({ asked: ['nothing', 'all'] });
  });

  test.each([
    ['the target has', 'nothing', { vanished: 2 }],
    ['was held back', 'half', { extraneous: 0, vanished: 2 }],
  ])('delete nothing more where what %s was not counted', async (_, deletes, stats) => {
    await expect(passes([1], 10, { outcome: 'partial', stats }, deletes)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^it is not known what the target has .* nothing was stopped$/),
    });
  });

  test('delete nothing more where the brake has held most of it back', async () => {
    const braked = { outcome: 'partial', stats: { undeleted: 7, vanished: 1 } };
    await expect(passes([1], 10, braked, 'half')).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^more than half .* 7 entries left/),
      hint: expect.stringMatching(/--yes/),
    });
    expect(await passes([1], 10, braked, 'all')).toMatchObject({ asked: ['all'] });
  });

  test('of a device count no entries', async () => {
    const device = { stats: {}, device: { blocks: 1 } };
    expect(await passes([1], 10, device)).toMatchObject({ asked: ['nothing'] });
  });
});
