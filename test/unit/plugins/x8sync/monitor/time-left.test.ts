import { expect, test } from '@jest/globals';
import { TimeLeft } from '../../../../../plugins/x8sync/monitor/time-left.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** A copy of so much: what is told when so much is there after so many seconds. */
function copyOf(totalBytes: number) {
  const left = new TimeLeft();
  return (second: number, bytes: number, rate = 1, scanning = false) =>
    left.next({ bytes, totalBytes, rate, scanning, files: 0, totalFiles: 0 }, second * 1000);
}

test('a few bytes of the first seconds say nothing of weeks: 1.2 GiB at 512 bytes a second are no time that is told', () => {
  const at = copyOf(1.2 * GiB);
  for (let second = 0; second <= 60; second += 1) expect(at(second, 512 * second, 512)).toBeUndefined();
  // Now large files come: the half minute before is what counts.
  let told: number | undefined;
  for (let second = 61; second <= 90; second += 1) told = at(second, 30_720 + (second - 60) * 8 * MiB);
  expect(told).toBeCloseTo((1.2 * GiB - 30_720 - 240 * MiB) / (8 * MiB), 0);
});

test('it is told once bytes have come for five seconds, and from then on by what came in the last half minute', () => {
  const at = copyOf(1000 * MiB);
  for (const second of [0, 1, 2, 3, 4]) expect(at(second, second * MiB)).toBeUndefined();
  expect(at(5, 5 * MiB)).toBeCloseTo(995);
  for (let second = 6; second <= 60; second += 1) at(second, 5 * MiB + (second - 5) * 10 * MiB);
  expect(at(61, 565 * MiB)).toBeCloseTo(43.5);
});

test('what is far away is told once as much has been seen: a thousandth of it', () => {
  const at = copyOf(10_000 * GiB);
  const seconds = 10 * 1024 * 1000;
  for (let second = 0; second < 100; second += 1) at(second, second * MiB);
  const told = Array.from({ length: 11_000 }, (_, second) => [
    second,
    at(100 + second, (100 + second) * MiB),
  ]);
  const [first = []] = told.filter(([, left]) => left !== undefined);
  expect(first[0]).toBe(Math.ceil(seconds / 1001) - 100);
});

test('nothing is told while it is counted, while nothing comes, or where all bytes are there', () => {
  const at = copyOf(100 * MiB);
  for (const second of [0, 3, 6]) at(second, second * MiB);
  expect(at(7, 7 * MiB)).toBeCloseTo(93);
  expect(at(8, 8 * MiB, 1, true)).toBeUndefined();
  expect(at(9, 9 * MiB, 0)).toBeUndefined();
  expect(at(10, 10 * MiB)).toBeCloseTo(90);
  expect(at(12, 100 * MiB)).toBeUndefined();
});

test('after a pause, a comparison that begins at nothing, or files that were there already, five seconds are waited for anew', () => {
  const at = copyOf(100 * MiB);
  // What is there already brings no bytes.
  for (let second = 0; second <= 50; second += 1) expect(at(second, 0)).toBeUndefined();
  expect(at(51, 1)).toBeUndefined();
  for (const second of [52, 54]) expect(at(second, (second - 50) * MiB)).toBeUndefined();
  expect(at(55, 5 * MiB)).toBeCloseTo(95, 0);
  // An hour without a line.
  for (const second of [3655, 3657, 3659]) expect(at(second, (second - 3649) * MiB)).toBeUndefined();
  expect(at(3660, 11 * MiB)).toBeCloseTo(89);
  for (const second of [3661, 3663, 3665]) expect(at(second, (second - 3660) * MiB)).toBeUndefined();
  expect(at(3666, 6 * MiB)).toBeCloseTo(94);
});
