import { expect, test } from '@jest/globals';
import { TokenBucket } from '../../../../../plugins/devsync/wire/token-bucket.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';

const rate = 1000;

/** A bucket, and when each of so many takers in a row got what it asked for, in milliseconds. */
function taking() {
  const clock = fakeClock();
  const bucket = new TokenBucket(rate, clock);
  const at: number[] = [];
  const take = (bytes: number) => void bucket.take(bytes).then(() => at.push(clock.monotonic()));
  return { clock, take, at };
}

test('who takes more than has come in lets the next one wait until it has, in the order of the calls', async () => {
  const { clock, take, at } = taking();
  for (const bytes of [1250, 500, 100]) take(bytes);
  await clock.advance(10_000);
  // A quarter of a second of the rate is there at first.
  expect(at).toEqual([0, 1000, 1500]);
});

test('a pause saves up no more than a quarter of a second of the rate', async () => {
  const { clock, take, at } = taking();
  await clock.advance(60_000);
  for (const bytes of [250, 1000, 1]) take(bytes);
  await settle();
  expect(at).toEqual([60_000, 60_000]);
  await clock.advance(10_000);
  expect(at).toEqual([60_000, 60_000, 61_000]);
});
