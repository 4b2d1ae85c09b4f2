/** How many streams, and how large their partitions: by the tree, the line, the processors and what was asked. */
import { describe, expect, test } from '@jest/globals';
import {
  chooseStreams,
  type Look,
  sendsWholeList,
  weightOf,
} from '../../../../../../plugins/x8sync/mover/parallel/choice.ts';
import {
  parallelEnv,
  readParallelOptions,
} from '../../../../../../plugins/x8sync/mover/protocol/parallel-options.ts';

const near: Look = { files: 50_000, bytes: 425e6, roundTripMs: 0.3, processors: 2, busyness: 0.5 };
const far: Look = { ...near, roundTripMs: 80 };
const free = { holdsFiles: false, hasRateLimit: false };

describe('without a wish', () => {
  test.each([
    ['a source nearby, and two processors', near, 1],
    ['a source far away, and two processors', far, 4],
    ['a source far away, and more processors', { ...far, processors: 4 }, 8],
    ['a source far away, of large files', { ...far, files: 1, bytes: 2e9 }, 8],
    [
      'a source far away, of files that the processors are slower with than the line',
      { ...far, files: 1_000_000 },
      1,
    ],
    ['a source somewhat away, and much to bring', { ...near, roundTripMs: 20, bytes: 2e9 }, 2],
    ['a source far away, and little to bring', { ...far, files: 100, bytes: 150e6 }, 1],
    ['a source nearby, many files and many processors', { ...near, processors: 16 }, 4],
    ['a source nearby, few files and many processors', { ...near, files: 900, processors: 16 }, 1],
    ['a source far away that nobody could count', { ...far, files: undefined, bytes: undefined }, 8],
    ['a source far away, and nodes that are busy', { ...far, busyness: 8 }, 1],
    ['a source whose distance nobody could measure', { ...near, roundTripMs: undefined }, 1],
  ])('%s', (_, look, parallelism) => {
    expect(chooseStreams({}, look, free).parallelism).toBe(parallelism);
  });

  test('one stream where the target holds files, and where the rate is limited', () => {
    expect(chooseStreams({}, far, { ...free, holdsFiles: true }).parallelism).toBe(1);
    expect(chooseStreams({}, far, { ...free, hasRateLimit: true }).parallelism).toBe(1);
  });

  test('the partitions of a counted tree are of one weight, two for each stream', () => {
    const { limits } = chooseStreams({}, { ...far, processors: 4 }, free);
    expect(limits.weight * 16).toBeGreaterThanOrEqual(425e6 + 50_000 * weightOf(0));
    expect(limits.weight * 15).toBeLessThan(425e6 + 50_000 * weightOf(0));
  });

  test('those of a tree that was not counted have a bound', () => {
    const { limits } = chooseStreams({}, { ...far, files: undefined, bytes: undefined }, free);
    expect(limits).toEqual({ weight: Infinity, files: 5000, bytes: 2 ** 30, partitions: Infinity });
  });
});

test('a list of files comes as a whole where the source is far, unless it is very long', () => {
  expect(sendsWholeList(far)).toBe(true);
  expect(sendsWholeList(near)).toBe(false);
  expect(sendsWholeList({ ...far, files: 5_000_000 })).toBe(false);
  expect(sendsWholeList({ ...far, files: undefined })).toBe(false);
});

describe('what was asked for', () => {
  test('is done, whatever the circumstances', () => {
    const circumstances = { holdsFiles: true, hasRateLimit: true };
    expect(chooseStreams({ parallelism: 3 }, near, circumstances).parallelism).toBe(3);
    expect(chooseStreams({ partitions: 12 }, near, circumstances)).toMatchObject({
      parallelism: 2,
      limits: { partitions: 12 },
    });
    expect(chooseStreams({ partitions: 1 }, far, free).parallelism).toBe(1);
    expect(chooseStreams({ partitions: 2, parallelism: 9 }, far, free).parallelism).toBe(2);
  });

  test('of the size of partitions holds for each of them', () => {
    expect(chooseStreams({ parallelism: 2, partitionFiles: 7 }, far, free).limits).toEqual({
      weight: Infinity,
      files: 7,
      bytes: 2 ** 30,
      partitions: Infinity,
    });
  });

  test('is told to the mover, and a number that is none is refused', () => {
    const options = { partitions: 5, parallelism: 2, partitionFiles: 100, partitionBytes: 2 ** 20 };
    expect(readParallelOptions(parallelEnv(options))).toEqual(options);
    expect(readParallelOptions(parallelEnv({}))).toEqual({});
    expect(() => readParallelOptions({ X8S_PARTITIONS: '-1' })).toThrow(/X8S_PARTITIONS/);
  });
});
