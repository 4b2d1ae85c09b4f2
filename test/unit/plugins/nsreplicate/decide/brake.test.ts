import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BrakeState,
  brake,
  defaultLimits,
  released,
  stop,
  takeBack,
} from '../../../../../plugins/nsreplicate/decide/brake.ts';

const limits = { objects: 100, percent: 50, floor: 10, windowMs: 600_000 };
const minute = 60_000;

/** Deletes one object after the other, as events arrive; how many were allowed. */
function deleteOneByOne(
  count: number,
  copies: number,
  start = 0,
  state: BrakeState = released,
  everyMs = 10,
) {
  let allowed = 0;
  for (let index = 0; index < count; index++) {
    const answer = brake(
      state,
      { namespace: 'n', count: 1, copies: copies - allowed },
      start + index * everyMs,
      limits,
    );
    state = answer.state;
    if (answer.allowed) allowed++;
  }
  return { allowed, state };
}

describe('the brake', () => {
  test.each([
    ['half of a namespace, one by one', 40, 40, 20],
    ['a small namespace may lose all', 8, 8, 8],
    ['the floor', 30, 12, 10],
    ['the number, however large the namespace', 150, 10_000, 100],
  ])('%s', (_what, wanted, copies, allowed) => {
    expect(deleteOneByOne(wanted, copies).allowed).toBe(allowed);
  });

  test('what is too much at once is not begun', () => {
    const answer = brake(released, { namespace: 'n', count: 30, copies: 40 }, 0, limits);
    expect(answer.allowed).toBe(false);
    expect(answer.state.stopped).toBe('30 deletions in namespace n within 10 minutes (at most 20: 50 %)');
    expect(answer.state.deletions).toEqual([]);
  });

  test('what goes along with one object is counted with it, and taken back with it', () => {
    const definition = { namespace: '', count: 31, copies: 31 };
    expect(brake(released, definition, 0, limits).state.stopped).toBe(
      '31 deletions of cluster-scoped objects and of what goes with them within 10 minutes (at most 15: 50 %)',
    );
    const few = brake(released, { namespace: 'n', count: 5, copies: 5 }, 0, limits).state;
    expect(takeBack(few, 'n', 5).deletions).toEqual([]);
  });

  test('once stopped it stays, also for one object, until a person approves', () => {
    const { state } = deleteOneByOne(150, 10_000);
    const later = { namespace: 'other', count: 1, copies: 1000 };
    expect(brake(state, later, 60 * minute, limits).allowed).toBe(false);
    expect(brake(released, later, 60 * minute, limits).allowed).toBe(true);
  });

  test('what was refused is not counted', () => {
    const { state } = deleteOneByOne(2, 40);
    expect(takeBack(state, 'n').deletions).toMatchObject([{ count: 1 }]);
    expect(takeBack(takeBack(state, 'n'), 'n')).toEqual({ deletions: [] });
  });

  test('survives a restart: the state is plain JSON', () => {
    const { state } = deleteOneByOne(15, 40);
    const revived = JSON.parse(JSON.stringify(state)) as BrakeState;
    expect(deleteOneByOne(20, 25, 1000, revived).allowed).toBe(5);
  });

  test('the window moves on', () => {
    const { state } = deleteOneByOne(20, 40);
    expect(deleteOneByOne(9, 20, 11 * minute, state).allowed).toBe(9);
  });

  test('what a machine counted whose clock is ahead counts as of now, for one window', () => {
    const state: BrakeState = { deletions: [{ at: 60 * minute, namespace: 'n', count: 9 }] };
    expect(brake(state, { namespace: 'n', count: 2, copies: 3 }, 0, limits).allowed).toBe(false);
    const one = brake(state, { namespace: 'n', count: 1, copies: 3 }, 0, limits);
    expect(one.allowed).toBe(true);
    expect(brake(one.state, { namespace: 'n', count: 10, copies: 2 }, 11 * minute, limits).allowed).toBe(
      true,
    );
  });

  test('other reasons stop it too, and the first one is kept', () => {
    const state = stop(stop(released, 'another primary'), 'second');
    expect(state.stopped).toBe('another primary');
    expect(brake(state, { namespace: 'n', count: 1, copies: 1 }, 0, limits).allowed).toBe(false);
  });

  test('never lets more than its limits through within a window', () => {
    const request = fc.record({
      after: fc.integer({ min: 0, max: 2 * minute }),
      namespace: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 40 }),
      copies: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        let state = released;
        let now = 0;
        const done: { at: number; count: number }[] = [];
        for (const { after, ...rest } of requests) {
          now += after;
          const answer = brake(state, rest, now, defaultLimits);
          state = answer.state;
          if (answer.allowed) done.push({ at: now, count: rest.count });
          const recent = done.filter(({ at }) => now - at < defaultLimits.windowMs);
          expect(recent.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(
            defaultLimits.objects,
          );
        }
      }),
    );
  });
});
