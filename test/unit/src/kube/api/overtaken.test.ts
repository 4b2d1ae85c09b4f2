/** A write that somebody else was quicker with is done again, up to a number, and nothing else is. */
import { describe, expect, test } from '@jest/globals';
import { isOtherByNow, untilNotOvertaken } from '../../../../../src/kube/api/overtaken.ts';
import { apiError } from '../../../support/fake-cluster.ts';

const conflict = apiError(409, 'changed meanwhile', 'Conflict');

/** Fails so often with this, then resolves with how often it was tried. */
function failing(times: number, error: Error) {
  const told: number[] = [];
  const attempt = async (failed: number) => {
    told.push(failed);
    if (told.length <= times) throw error;
    return told;
  };
  return { attempt, told };
}

describe('a write that was overtaken', () => {
  test('is done again, and hears how often it was', async () => {
    expect(await untilNotOvertaken(failing(2, conflict).attempt)).toEqual([0, 1, 2]);
  });

  test('is given up after so many attempts, with what the last one failed with', async () => {
    const { attempt, told } = failing(9, conflict);
    await expect(untilNotOvertaken(attempt, { most: 3 })).rejects.toBe(conflict);
    expect(told).toHaveLength(3);
  });

  test('waits before each further attempt only', async () => {
    const pauses: number[] = [];
    const pause = async (failed: number) => void pauses.push(failed);
    await untilNotOvertaken(failing(2, conflict).attempt, { pause });
    expect(pauses).toEqual([1, 2]);
  });
});

test.each([
  apiError(404, 'not found'),
  apiError(403, 'no', 'Forbidden'),
  apiError(409, 'there', 'AlreadyExists'),
])('one that fails otherwise is not done again: %s', async (error) => {
  const { attempt, told } = failing(1, error);
  await expect(untilNotOvertaken(attempt)).rejects.toBe(error);
  expect(told).toHaveLength(1);
});

test('what is to be made or replaced is overtaken also where it is there, or gone, by now', async () => {
  const { attempt, told } = failing(1, apiError(409, 'there', 'AlreadyExists'));
  await untilNotOvertaken(attempt, { isOvertaken: isOtherByNow });
  expect(told).toHaveLength(2);
  expect(isOtherByNow(apiError(404, 'not found'))).toBe(true);
  expect(isOtherByNow(apiError(403, 'no', 'Forbidden'))).toBe(false);
});
