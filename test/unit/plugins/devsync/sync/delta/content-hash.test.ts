import { Hash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ContentHash, type Mark } from '../../../../../../plugins/devsync/sync/delta/content-hash.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const partSize = 1000;
const data = randomBytes(10 * partSize + 10);

function hashed(content: Uint8Array, before?: readonly Mark[], parts = [partSize]): ContentHash {
  const hash = new ContentHash(partSize, before);
  for (let from = 0, turn = 0; from < content.length; turn++) {
    const size = parts[turn % parts.length] as number;
    hash.update(content.subarray(from, from + size));
    from += size;
  }
  return hash;
}

function changed(at: number): Buffer {
  const copy = Buffer.from(data);
  (copy[at] as number) ^= 1;
  return copy;
}

const versions: [string, Buffer][] = [
  ['is the same', data],
  ['differs in its first part', changed(0)],
  ['differs in the middle', changed(5 * partSize)],
  ['differs at its end', changed(data.length - 1)],
  ['is longer', Buffer.concat([data, randomBytes(2 * partSize)])],
  ['is longer by a zero', Buffer.concat([data, Buffer.alloc(1)])],
  ['is shorter', data.subarray(0, 7 * partSize + 7)],
  ['ends with a part', data.subarray(0, 7 * partSize)],
  ['is empty', data.subarray(0, 0)],
];

describe.each(versions)('a version that %s', (_, content) => {
  test.each([
    ['as it is', [partSize]],
    ['where parts came short', [partSize, partSize, 400, 600]],
    ['where each comes short', [partSize - 1]],
  ])('has its own digest, %s', (_, parts) => {
    const { marks } = hashed(data);
    const hash = hashed(content, marks, parts);
    expect(hash.digest()).toBe(sha256(content));
    // What is remembered of this one is as good for the next one.
    expect(hashed(data, hash.marks).digest()).toBe(sha256(data));
  });
});

test('what both begin with is not hashed again', () => {
  const { marks } = hashed(data);
  const update = jest.spyOn(Hash.prototype, 'update');
  const hashedBytes = () => update.mock.calls.reduce((sum, [part]) => sum + (part as Uint8Array).length, 0);
  const hash = hashed(changed(6 * partSize), marks);
  expect(hashedBytes()).toBe(4 * partSize + 10);
  expect(hash.digest()).toBe(sha256(changed(6 * partSize)));
  update.mockClear();
  expect(hashed(data, marks).digest()).toBe(sha256(data));
  expect(hashedBytes()).toBe(0);
});

test('of a content of very many parts the first ones are remembered', () => {
  const long = randomBytes(5000);
  const one = (before?: readonly Mark[]) => {
    const hash = new ContentHash(1, before);
    for (let at = 0; at < long.length; at++) hash.update(long.subarray(at, at + 1));
    return hash;
  };
  const { marks } = one();
  expect(marks.length).toBe(4096);
  expect(one(marks).digest()).toBe(sha256(long));
});
