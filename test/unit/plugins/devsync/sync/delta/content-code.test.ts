import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ContentCode, newCodeKey } from '../../../../../../plugins/devsync/sync/delta/content-code.ts';

const data = randomBytes(300_001);
const key = newCodeKey();

function codeOf(content: Uint8Array, partSize = content.length, by = key): string {
  const code = new ContentCode(by);
  for (let from = 0; from < content.length; from += partSize)
    code.update(content.subarray(from, from + partSize));
  return code.end();
}

function changed(at: number): Buffer {
  const copy = Buffer.from(data);
  (copy[at] as number) ^= 1;
  return copy;
}

test.each([1000, 4096, 65_537])('the code is the same in parts of %i bytes', (partSize) => {
  expect(codeOf(data, partSize)).toBe(codeOf(data));
});

test.each([
  ['differs in its first bit', changed(0)],
  ['differs in the middle', changed(150_000)],
  ['differs at its end', changed(300_000)],
  ['is shorter', data.subarray(0, -1)],
  ['is longer by a zero', Buffer.concat([data, Buffer.alloc(1)])],
])('a content that %s has another one', (_, content) => {
  expect(codeOf(content)).not.toBe(codeOf(data));
});

test('each key gives another one, and each content gets a key of its own', () => {
  expect(newCodeKey()).not.toBe(key);
  expect(codeOf(data, data.length, newCodeKey())).not.toBe(codeOf(data));
});
