/** Who is ahead of others waits for them, and for nobody that stands still. */
import { expect, test } from '@jest/globals';
import { Pace, type Place } from '../../../../../../plugins/devsync/session/transfers/pace.ts';
import { fakeClock, settle } from '../../../../support/fake-clock.ts';

const mebibyte = 1 << 20;

function stage(kept = 16 * mebibyte) {
  const clock = fakeClock();
  const pace = new Pace(clock, kept);
  const stop = new AbortController();
  /** Tells whether it may go on. */
  const waitAs = (place: Place) => {
    const state = { mayGoOn: false };
    pace.awaitOthers(place, stop.signal).then(
      () => {
        state.mayGoOn = true;
      },
      () => {},
    );
    return state;
  };
  return { clock, pace, stop, waitAs };
}

test('one that is a little ahead, or alone, waits for nobody', async () => {
  const { pace, waitAs } = stage();
  const alone = pace.join();
  pace.advance(alone, 10 * mebibyte);
  const first = waitAs(alone);
  await settle();
  expect(first.mayGoOn).toBe(true);
  const other = pace.join();
  pace.advance(other, 7 * mebibyte);
  const second = waitAs(alone);
  await settle();
  expect(second.mayGoOn).toBe(true);
});

test('one that is far ahead waits until the last one comes after, or goes', async () => {
  const { pace, waitAs } = stage();
  const [ahead, behind, leaving] = [pace.join(), pace.join(), pace.join()];
  pace.advance(ahead, 5 * mebibyte);
  const state = waitAs(ahead);
  await settle();
  pace.advance(behind, 2 * mebibyte);
  await settle();
  expect(state.mayGoOn).toBe(false);
  pace.leave(leaving);
  await settle();
  expect(state.mayGoOn).toBe(true);
});

test('those behind never wait for those ahead', async () => {
  const { pace, waitAs } = stage();
  const [ahead, behind] = [pace.join(), pace.join()];
  pace.advance(ahead, 9 * mebibyte);
  const state = waitAs(behind);
  await settle();
  expect(state.mayGoOn).toBe(true);
});

test('several that stand still hold it up for a second in all, once, until they come further', async () => {
  const { clock, pace, waitAs } = stage();
  const [ahead, ...still] = [pace.join(), pace.join(), pace.join()] as const;
  pace.advance(ahead, 5 * mebibyte);
  const state = waitAs(ahead);
  await clock.advance(999);
  expect(state.mayGoOn).toBe(false);
  await clock.advance(1);
  expect(state.mayGoOn).toBe(true);
  pace.advance(ahead, mebibyte);
  const next = waitAs(ahead);
  await settle();
  expect(next.mayGoOn).toBe(true);
  // It moves, and has earned some time.
  pace.advance(still[0], 1);
  pace.advance(still[0], mebibyte);
  const again = waitAs(ahead);
  await settle();
  expect(again.mayGoOn).toBe(false);
  await clock.advance(41);
  expect(again.mayGoOn).toBe(true);
});

test('one that has lost touch is not waited for, and all begin together after a rest', async () => {
  const { pace, waitAs } = stage(8 * mebibyte);
  const [ahead, lost] = [pace.join(), pace.join()];
  pace.advance(ahead, 9 * mebibyte);
  const state = waitAs(ahead);
  await settle();
  expect(state.mayGoOn).toBe(true);
  pace.rest();
  expect([ahead.bytes, lost.bytes]).toEqual([0, 0]);
});

test('who waits is told that it is over', async () => {
  const { pace, stop } = stage();
  const [ahead] = [pace.join(), pace.join()];
  pace.advance(ahead, 5 * mebibyte);
  const waiting = pace.awaitOthers(ahead, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
