/** How a person says how a copy is spread over streams. */
import { expect, test } from '@jest/globals';
import {
  type GivenParallel,
  parallelOptions,
  podsOf,
} from '../../../../../../plugins/x8sync/commands/options/parallel-options.ts';

const nothing: GivenParallel = {
  parallelism: 'auto',
  partitions: 'auto',
  partitionFiles: undefined,
  partitionSize: undefined,
};

test('auto leaves it to the mover, and a number is one', () => {
  expect(parallelOptions(nothing)).toEqual({});
  expect(parallelOptions({ ...nothing, parallelism: '4', partitionSize: '1Gi' })).toEqual({
    parallelism: 4,
    partitionBytes: 2 ** 30,
  });
});

test.each([
  [{ parallelism: '33' }, /--parallelism: "33" is neither auto nor a number from 1 to 32/],
  [{ partitions: '1.5' }, /--partitions/],
  [{ partitionSize: '-1' }, /--partition-size: "-1" is not a size/],
  [{ partitions: '3', partitionFiles: 7 }, /give either/],
])('%j is wrong', (given, message) => {
  expect(() => parallelOptions({ ...nothing, ...given })).toThrow(message);
});

test('pods are a number or auto', () => {
  expect([podsOf('1'), podsOf('16'), podsOf('auto')]).toEqual([1, 16, 'auto']);
  for (const wrong of ['0', '17', 'many']) expect(() => podsOf(wrong)).toThrow(/--pods: .* from 1 to 16/);
});
