import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { encodeFrame, FrameDecoder } from '../../../../../plugins/devsync/wire/frame.ts';
import { FrameMemory, frameMemory } from '../../../../../plugins/devsync/wire/frame-memory.ts';

const [frameSize, small] = [1 << 20, 1000];

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.runOnlyPendingTimers();
  jest.useRealTimers();
});

test('what was given back is used again, and nothing that was not', () => {
  const memory = new FrameMemory();
  const [first, second] = [memory.take(frameSize), memory.take(frameSize)];
  expect(second.buffer).not.toBe(first.buffer);
  memory.give(first.subarray(100));
  const third = memory.take(frameSize - 5000);
  expect([third.buffer, third.length]).toEqual([first.buffer, frameSize - 5000]);
  expect(memory.take(frameSize - 5000).buffer).not.toBe(first.buffer);
});

test('what is given back twice is handed out once', () => {
  const memory = new FrameMemory();
  const one = memory.take(frameSize);
  memory.give(one);
  const again = memory.take(frameSize);
  memory.give(again);
  memory.give(again);
  expect(memory.take(frameSize).buffer).not.toBe(memory.take(frameSize).buffer);
});

test('one that is too small for the next frame stays for a later one', () => {
  const memory = new FrameMemory();
  const one = memory.take(frameSize);
  memory.give(one);
  const larger = memory.take(2 * frameSize);
  expect(larger.length).toBe(2 * frameSize);
  expect(memory.take(frameSize).buffer).toBe(one.buffer);
});

test('no more than a few megabytes are kept, and none of them for long', () => {
  const memory = new FrameMemory();
  const all = Array.from({ length: 5 }, () => memory.take(3 * frameSize));
  const buffers = all.map(({ buffer }) => buffer);
  for (const one of all) memory.give(one);
  expect(buffers.map(({ byteLength }) => byteLength > 0)).toEqual([true, true, false, false, false]);
  jest.runAllTimers();
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0, 0]);
});

test('a small one is like any other buffer', () => {
  const memory = new FrameMemory();
  const one = memory.take(small);
  memory.give(one);
  expect(one.length).toBe(small);
  expect(memory.take(small).buffer).not.toBe(one.buffer);
});

test.each(['none', 'zstd', 'deflate'] as const)(
  'frames that are handled one by one are right: %s',
  (compression) => {
    const bodies = Array.from({ length: 8 }, (_, index) =>
      index % 2 === 0 ? randomBytes(frameSize + index) : Buffer.alloc(frameSize - index * 40_000, index),
    );
    const decoder = new FrameDecoder();
    const seen: boolean[] = [];
    for (const body of bodies)
      for (const frame of decoder.push(
        encodeFrame({ type: 'call', session: 1, header: {}, body: [body] }, compression),
      )) {
        seen.push(body.equals(frame.body));
        frameMemory.give(frame.body);
      }
    expect(seen).toEqual(bodies.map(() => true));
  },
);
