import { describe, expect, test } from '@jest/globals';
import { Flapping, isFlapping } from '../../../../../plugins/nsreplicate/reconcile/flapping.ts';

describe('what is undone on a replica each time', () => {
  test.each([
    [
      'put-right',
      'something on the replica changes it back each time; it was put right 5 times within a minute',
    ],
    ['created', 'something on the replica deletes it each time; it was made 5 times within a minute'],
  ] as const)('%s too often is a failure, and counted anew then', (did, message) => {
    const fights = new Flapping();
    const results = [0, 8, 16, 24, 32, 40].map((seconds) =>
      fights.corrected('a', 'uid', did, seconds * 1000),
    );
    expect(results).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      expect.objectContaining({ class: 'decision', message }),
      undefined,
    ]);
    expect(isFlapping(results[4])).toBe(true);
  });

  test('seldom, or of an original that is another one each time, is none', () => {
    const fights = new Flapping();
    const seldom = Array.from({ length: 20 }, (_, index) =>
      fights.corrected('a', 'u', 'created', index * 16_000),
    );
    const others = Array.from({ length: 20 }, (_, index) =>
      fights.corrected('b', `${index}`, 'created', index),
    );
    expect([...seldom, ...others].every((failure) => failure === undefined)).toBe(true);
  });

  test('what is put right every 15 seconds, as an autoscaler makes it necessary, is one too', () => {
    const fights = new Flapping();
    const results = [0, 15, 30, 45, 60].map((seconds) =>
      fights.corrected('a', 'uid', 'put-right', seconds * 1000 + 9e5),
    );
    expect(results.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(isFlapping(results[4])).toBe(true);
    const slow = [0, 149, 298, 447, 596].map((seconds) =>
      fights.corrected('b', 'uid', 'put-right', seconds * 1000 + 9e5),
    );
    expect(slow[4]?.message).toContain('put right 5 times within 10 minutes');
  });

  test('what is put right seldom is none, also where it is made anew in between', () => {
    const fights = new Flapping();
    const seldom = Array.from({ length: 20 }, (_, index) =>
      fights.corrected('a', 'uid', 'put-right', index * 151_000),
    );
    const apart = Array.from({ length: 4 }, (_, index) => [
      fights.corrected('b', 'uid', 'put-right', index),
      fights.corrected('b', 'uid', 'created', index),
    ]);
    expect([...seldom, ...apart.flat()].every((failure) => failure === undefined)).toBe(true);
  });
});
