/** A limit for the rate of contents, both ways: it holds, and small changes do not wait behind large files for it. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { parseBandwidth } from '../../../../../../plugins/devsync/spec/spec.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

/** The large file takes three seconds: a small one has as long to pass it. */
const rate = 4 << 20;

test.each([
  ['local', 'container'],
  ['container', 'local'],
] as const)('from %s to %s', async (from, to) => {
  const it = openPair({ bandwidth: rate });
  await it.start();
  await it.synchronizer.flush();
  const data = randomBytes(12 << 20);
  const began = performance.now();
  it.save(from, 'large', data);
  await eventually(() => expect(it.synchronizer.state.message).toBe('1 large file'));
  it.save(from, 'small', 'text');
  await eventually(() => expect(readFileSync(join(it[to], 'small'), 'utf8')).toBe('text'));
  expect(existsSync(join(it[to], 'large'))).toBe(false);
  await it.synchronizer.flush();
  expect(readFileSync(join(it[to], 'large')).equals(data)).toBe(true);
  // But for a quarter of a second's worth at the beginning, and the last frame.
  const least = ((data.length - rate / 4 - (256 << 10)) / rate) * 1000;
  expect(performance.now() - began).toBeGreaterThan(least);
});

test.each([
  ['2M', 2 << 20],
  ['500k', 500 << 10],
  ['1.5m', 1.5 * 2 ** 20],
  ['65536', 65_536],
])('%s is a rate', (text, bytes) => {
  expect(parseBandwidth(text)).toBe(bytes);
});

test.each(['', 'M', '2T', '-1', '2 M', '1k', '0'])('%j is none', (text) => {
  expect(() => parseBandwidth(text)).toThrow(/--bandwidth/);
});
