import { describe, expect, test } from '@jest/globals';
import { conditionOf, isMet, jobEnd, metCondition } from '../../../../../src/kube/api/conditions.ts';
import type { Condition } from '../../../../../src/kube/api/objects.ts';

const saying = (...conditions: Condition[]) => ({ status: { conditions } });
const ready = (status: Condition['status']): Condition => ({ type: 'Ready', status });

describe('a condition', () => {
  test('is found by its type, whatever its status', () => {
    expect(conditionOf(saying({ type: 'Other', status: 'True' }, ready('False')), 'Ready')).toEqual(
      ready('False'),
    );
  });

  test.each(['False', 'Unknown'] as const)('that is %s is not met', (status) => {
    expect(isMet(saying(ready(status)), 'Ready')).toBe(false);
  });

  test('that is True is met', () => {
    expect(isMet(saying(ready('True')), 'Ready')).toBe(true);
  });

  test.each([undefined, {}, { status: {} }, saying()])('is not met where nothing is said: %j', (object) => {
    expect(isMet(object, 'Ready')).toBe(false);
    expect(conditionOf(object, 'Ready')).toBeUndefined();
  });

  test('is the first of several types that is True', () => {
    const object = saying({ type: 'Failed', status: 'False' }, { type: 'FailureTarget', status: 'True' });
    expect(metCondition(object, ['Failed', 'FailureTarget'])?.type).toBe('FailureTarget');
  });
});

test.each([
  [saying({ type: 'Suspended', status: 'True' }), undefined],
  [saying({ type: 'Complete', status: 'False' }, { type: 'Failed', status: 'True' }), 'Failed'],
  [saying({ type: 'Complete', status: 'True' }), 'Complete'],
])('a Job of %j has ended as %s', (job, type) => {
  expect(jobEnd(job)?.type).toBe(type);
});
