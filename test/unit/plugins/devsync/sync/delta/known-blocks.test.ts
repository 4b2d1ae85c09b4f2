import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  BlockSums,
  blockSize,
  KnownBlocks,
} from '../../../../../../plugins/devsync/sync/delta/known-blocks.ts';

const data = randomBytes(100 * blockSize + 10);

function known(contents: Readonly<Record<string, Uint8Array>>, partSize = 100_000): KnownBlocks {
  const blocks = new KnownBlocks();
  for (const [digest, content] of Object.entries(contents)) {
    const sums = blocks.sumsFor(content.length) ?? new BlockSums();
    for (let from = 0; from < content.length; from += partSize)
      sums.push(content.subarray(from, from + partSize));
    blocks.add(digest, sums);
  }
  return blocks;
}

function changed(...places: number[]): Buffer {
  const copy = Buffer.from(data);
  for (const place of places) (copy[place] as number) ^= 1;
  return copy;
}

test.each([10_000, blockSize, 1 << 20])(
  'what two contents have in common is known, in parts of %i bytes',
  (size) => {
    const blocks = known({ old: data, new: changed(0, 7 * blockSize, 8 * blockSize - 1) }, size);
    expect(blocks.unchanged('old', 'new')).toEqual([
      { from: blockSize, length: 6 * blockSize },
      { from: 8 * blockSize, length: data.length - 8 * blockSize },
    ]);
  },
);

test('what is left at the end is compared as well', () => {
  const blocks = known({ old: data, new: changed(data.length - 1) });
  expect(blocks.unchanged('old', 'new')).toEqual([{ from: 0, length: 100 * blockSize }]);
});

test.each([
  ['longer', Buffer.concat([data, Buffer.from('more')])],
  ['shorter', data.subarray(0, -5)],
])('of a content that is %s, all whole blocks are unchanged', (_, content) => {
  const blocks = known({ old: data, new: content });
  expect(blocks.unchanged('old', 'new')).toEqual([{ from: 0, length: 100 * blockSize }]);
});

test('two contents that are the same differ in nothing', () => {
  const blocks = known({ old: data, new: data });
  expect(blocks.unchanged('old', 'new')).toEqual([{ from: 0, length: data.length }]);
});

test('where most may have moved, nothing is said', () => {
  const moved = Buffer.concat([Buffer.from('a line in front'), data]);
  expect(known({ old: data, new: moved }).unchanged('old', 'new')).toBeUndefined();
});

test('where one of both is not known, nothing is said', () => {
  const blocks = known({ old: data });
  expect(blocks.unchanged('old', 'new')).toBeUndefined();
  expect(blocks.unchanged('new', 'old')).toBeUndefined();
});

test('small contents are not remembered', () => {
  expect(new KnownBlocks().sumsFor(1000)).toBeUndefined();
});

test('where that would be too much, only what saves hashing is not remembered', () => {
  const blocks = new KnownBlocks();
  const mark = { code: 'code', state: createHash('sha256') };
  blocks.add(
    'first',
    { blocks: { size: blockSize << 20, sums: new Uint32Array(1 << 20) } },
    Array(4096).fill(mark),
  );
  expect(blocks.get('first')?.marks?.length).toBe(4096);
  blocks.add(
    'large',
    { blocks: { size: blockSize * 1.5e6, sums: new Uint32Array(1.5e6) } },
    Array(4096).fill(mark),
  );
  expect(blocks.get('large')?.marks).toBeUndefined();
  expect(blocks.get('large')).toBeDefined();
  expect(blocks.get('first')).toBeUndefined();
});

test('what was not used for the longest time is forgotten where it is too much', () => {
  const blocks = new KnownBlocks();
  const large = { blocks: { size: blockSize << 20, sums: new Uint32Array(1 << 20) } };
  blocks.add('first', large);
  blocks.add('second', large);
  expect(blocks.unchanged('first', 'first')).toBeDefined();
  blocks.add('third', large);
  expect(blocks.unchanged('first', 'third')).toBeDefined();
  expect(blocks.unchanged('second', 'third')).toBeUndefined();
  blocks.add('huge', { blocks: { size: 2 ** 40, sums: new Uint32Array(3 << 20) } });
  expect(blocks.unchanged('huge', 'huge')).toBeUndefined();
  expect(blocks.unchanged('first', 'third')).toBeDefined();
});
