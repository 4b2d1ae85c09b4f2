/** Long pauses end when a server that was away is back. */
import { expect, test } from '@jest/globals';
import { UnreachableError } from '../../../../../src/errors.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { wakingClock } from '../../../../../src/kube/watch/waking-clock.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';

/** A server that answers, or does not, as `state` says, and how often it was asked. */
function scene() {
  const clock = fakeClock();
  const state = { error: undefined as Error | undefined, asked: 0 };
  const kube = {
    request: async () => {
      state.asked += 1;
      if (state.error) throw state.error;
    },
  } as unknown as KubeClient;
  const pausing = wakingClock(kube, clock);
  /** Pauses, and notes when that is over, or why it ended. */
  const pause = (ms: number, signal?: AbortSignal) => {
    const over: { at?: number; error?: Error } = {};
    pausing.sleep(ms, signal).then(
      () => Object.assign(over, { at: clock.monotonic() }),
      (error) => Object.assign(over, { error }),
    );
    return over;
  };
  return { clock, state, pause };
}
const away = new UnreachableError('away');

test('a long pause ends when the server answers again, for all that wait for it, with one question for them all', async () => {
  const { clock, state, pause } = scene();
  state.error = away;
  const all = [pause(30_000), pause(20_000)];
  await clock.advance(10_000);
  expect(all).toEqual([{}, {}]);
  expect(state.asked).toBeLessThan(10);
  state.error = undefined;
  await clock.advance(2_000);
  for (const { at } of all) expect(at).toBeLessThanOrEqual(12_000);
  const asked = state.asked;
  await clock.advance(60_000);
  expect(state.asked).toBe(asked);
});

test('that a server refuses is an answer: a pause is waited out where it answers all along', async () => {
  const { clock, state, pause } = scene();
  state.error = new ApiError(403, undefined, 'no');
  const over = pause(30_000);
  await clock.advance(40_000);
  expect(over.at).toBe(30_000);
});

test('nobody asks during a short pause', async () => {
  const { clock, state, pause } = scene();
  state.error = away;
  const over = pause(3_000);
  await clock.advance(3_000);
  expect([over.at, state.asked]).toEqual([3_000, 0]);
});

test('a pause ends with its signal, and the questions with the last pause', async () => {
  const { clock, state, pause } = scene();
  state.error = away;
  const stop = new AbortController();
  const over = pause(30_000, stop.signal);
  await clock.advance(5_000);
  stop.abort(new Error('enough'));
  await settle();
  expect(over.error?.message).toBe('enough');
  const { asked } = state;
  await clock.advance(60_000);
  expect(state.asked).toBe(asked);
});
