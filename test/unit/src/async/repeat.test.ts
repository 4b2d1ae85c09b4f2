import { expect, test } from '@jest/globals';
import { repeat } from '../../../../src/async/repeat.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** Repeats something every second. */
function begin(work: () => unknown = () => {}, pauseFirst = false) {
  const [clock, stop] = [fakeClock(), new AbortController()];
  let times = 0;
  const count = () => {
    times += 1;
    return work();
  };
  const ended = repeat(count, { periodMs: 1000, pauseFirst, clock, signal: stop.signal });
  ended.catch(() => {});
  return { clock, stop, ended, times: () => times };
}

test.each([
  [false, 3],
  [true, 2],
])('does the work at intervals until its signal is aborted (a pause first: %s)', async (first, times) => {
  const it = begin(() => {}, first);
  await it.clock.advance(2500);
  expect(it.times()).toBe(times);
  it.stop.abort(new Error('stopped'));
  await it.ended;
  await it.clock.advance(2500);
  expect(it.times()).toBe(times);
});

test('waits for work that takes longer, and does it no more after the signal', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const it = begin(() => promise);
  await it.clock.advance(5000);
  expect(it.times()).toBe(1);
  it.stop.abort();
  resolve();
  await it.ended;
  expect(it.times()).toBe(1);
});

test('rejects with what the work throws', async () => {
  const it = begin(() => {
    throw new Error('no');
  });
  await expect(it.ended).rejects.toThrow('no');
});

test('does nothing where its signal is aborted during the first pause', async () => {
  const it = begin(() => {}, true);
  it.stop.abort();
  await it.ended;
  expect(it.times()).toBe(0);
});
