/** Differences put together give the content, whatever was done to it, and are of about the bytes that are new. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockIndex } from '../../../../../../plugins/devsync/sync/delta/block-index.ts';
import {
  blockSizeFor,
  leastBlock,
  mostBlock,
  mostBlocks,
  sumSize,
} from '../../../../../../plugins/devsync/sync/delta/block-sizes.ts';
import { DeltaEncoder } from '../../../../../../plugins/devsync/sync/delta/delta-encoder.ts';
import { RollingSum } from '../../../../../../plugins/devsync/sync/delta/rolling-sum.ts';
import { type Signature, SignatureBuilder } from '../../../../../../plugins/devsync/sync/delta/signature.ts';

/** The same bytes for the same seed. */
const bytes = (length: number, seed: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16, seed)).update(Buffer.alloc(length));

function signatureOf(basis: Buffer, blockSize: number, partSize = 10_000): Signature {
  const builder = new SignatureBuilder(blockSize);
  for (let from = 0; from < basis.length; from += partSize)
    builder.push(basis.subarray(from, from + partSize));
  return builder.signature;
}

interface Outcome {
  readonly content: Buffer;
  /** Bytes of data that were sent. */
  readonly sent: number;
}

/** What comes of a content that is encoded and put together again. */
function roundTrip(
  basis: Buffer,
  content: Buffer,
  { blockSize = leastBlock, partSize = 100_000, start = 0, signature = signatureOf(basis, blockSize) } = {},
): Outcome {
  const encoder = new DeltaEncoder(signature, start, content.length);
  const parts: Uint8Array[] = [content.subarray(0, start)];
  let sent = 0;
  const take = (differences: Iterable<{ data: Uint8Array } | { from: number; length: number }>) => {
    for (const one of differences) {
      if ('data' in one) sent += one.data.length;
      parts.push('data' in one ? one.data : basis.subarray(one.from, one.from + one.length));
    }
  };
  for (let from = start; from < content.length; from += partSize)
    take(encoder.push(content.subarray(from, from + partSize)));
  take(encoder.finish());
  return { content: Buffer.concat(parts), sent };
}

type Edit = { kind: 'insert' | 'delete' | 'overwrite' | 'move' | 'append'; at: number; length: number };

const edit = fc.record<Edit>({
  kind: fc.constantFrom('insert', 'delete', 'overwrite', 'move', 'append'),
  at: fc.nat(1_000_000),
  length: fc.integer({ min: 1, max: 30_000 }),
});

function edited(content: Buffer, { kind, at: where, length }: Edit, seed: number): Buffer {
  const at = where % (content.length + 1);
  const [before, after] = [content.subarray(0, at), content.subarray(at)];
  const [taken, rest] = [after.subarray(0, length), after.subarray(length)];
  switch (kind) {
    case 'insert':
      return Buffer.concat([before, bytes(length, seed), after]);
    case 'delete':
      return Buffer.concat([before, rest]);
    case 'overwrite':
      return Buffer.concat([before, bytes(taken.length, seed), rest]);
    case 'move':
      return Buffer.concat([before, rest, taken]);
    case 'append':
      return Buffer.concat([content, bytes(length, seed)]);
  }
}

/** What one edit may cost at most: its own bytes, and the blocks that it cuts. */
const costOf = ({ kind, length }: Edit): number =>
  (kind === 'insert' || kind === 'append' || kind === 'overwrite' ? length : 0) + 4 * leastBlock;

describe('after any edits', () => {
  test('the content is the same, and what is sent is bounded by the edits', () => {
    const sizes = fc.integer({ min: 0, max: 300_000 });
    const parts = fc.integer({ min: 1000, max: 400_000 });
    fc.assert(
      fc.property(sizes, fc.array(edit, { maxLength: 5 }), parts, (size, edits, partSize) => {
        const basis = bytes(size, 1);
        const content = edits.reduce((current, one, index) => edited(current, one, index + 2), basis);
        const outcome = roundTrip(basis, content, { partSize });
        expect(outcome.content.equals(content)).toBe(true);
        const bound = edits.reduce((sum, one) => sum + costOf(one), 2 * leastBlock);
        expect(outcome.sent).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  test('it goes on from any byte', () => {
    const basis = bytes(200_000, 1);
    const content = edited(basis, { kind: 'insert', at: 50_000, length: 777 }, 2);
    fc.assert(
      fc.property(fc.nat(content.length), (start) => {
        const outcome = roundTrip(basis, content, { start });
        expect(outcome.content.equals(content)).toBe(true);
        expect(outcome.sent).toBeLessThan(777 + 4 * leastBlock);
      }),
      { numRuns: 30 },
    );
  });

  test('it is the same where the signature is of anything else', () => {
    const content = bytes(150_000, 1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 * sumSize }), (made) => {
        const sums = Buffer.from(made.subarray(0, made.length - (made.length % sumSize)));
        const outcome = roundTrip(Buffer.alloc(0), content, { signature: { blockSize: leastBlock, sums } });
        expect(outcome.content.equals(content)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

test('of zeros, nothing is sent but what fills no block', () => {
  const outcome = roundTrip(Buffer.alloc(100_000), Buffer.alloc(3_000_001));
  expect(outcome.content.equals(Buffer.alloc(3_000_001))).toBe(true);
  expect(outcome.sent).toBeLessThan(leastBlock);
});

test('behind much that is new, what is where it was is found', () => {
  const basis = randomBytes(14 << 20);
  const content = Buffer.from(basis);
  randomBytes(12 << 20).copy(content, 5000);
  const outcome = roundTrip(basis, content, { blockSize: 32 << 10 });
  expect(outcome.content.equals(content)).toBe(true);
  expect(outcome.sent).toBeLessThan((12 << 20) + (128 << 10));
});

test('a signature whose blocks are all suspects does not cost more than the content is long', () => {
  const content = Buffer.alloc(2 << 20, 'x');
  const honest = signatureOf(content.subarray(0, leastBlock), leastBlock);
  content[0] = 0;
  // The weak sum of every window of the content but the first, and a strong one that is of none.
  const sums = Buffer.concat([honest.sums.subarray(0, 4), Buffer.alloc(sumSize - 4)]);
  const hashed = jest.spyOn(BlockIndex.prototype, 'is');
  const outcome = roundTrip(Buffer.alloc(0), content, { signature: { blockSize: leastBlock, sums } });
  expect(outcome.content.equals(content)).toBe(true);
  expect(outcome.sent).toBe(content.length);
  // Each of two million windows would be otherwise.
  expect(hashed.mock.calls.length).toBeLessThan(content.length / leastBlock + 100);
  hashed.mockRestore();
});

test('a window that moves on has the sum that it has', () => {
  const data = bytes(5000, 1);
  const rolling = new RollingSum(1000);
  let sum = rolling.of(data.subarray(0, 1000));
  for (let at = 0; at + 1000 < data.length; at++) {
    sum = rolling.rolled(sum, data[at] as number, data[at + 1000] as number);
    expect(sum).toBe(rolling.of(data.subarray(at + 1, at + 1001)));
  }
});

test.each([0, 1 << 20, 2 ** 30, 2 ** 31, 2 ** 34, 2 ** 40, 2 ** 43])(
  'blocks of a file of %d bytes',
  (size) => {
    const block = blockSizeFor(size);
    expect(Math.log2(block) % 1).toBe(0);
    expect(block).toBeGreaterThanOrEqual(leastBlock);
    expect(block).toBeLessThanOrEqual(mostBlock);
    if (block < mostBlock) expect(size / block).toBeLessThanOrEqual(mostBlocks);
  },
);
