import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compressions,
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameError,
  frameTypes,
  maxFrame,
} from '../../../../../plugins/devsync/wire/frame.ts';

const frame = fc.record({
  type: fc.constantFrom(...frameTypes),
  session: fc.nat({ max: 0xffffffff }),
  header: fc.jsonValue(),
  body: fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 3 }),
  compression: fc.constantFrom(...compressions),
});

function decoded(data: Buffer, sizes: number[]): Frame[] {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let from = 0, index = 0; from < data.length; index++) {
    const size = Math.max(1, sizes[index % Math.max(1, sizes.length)] ?? 1);
    frames.push(...decoder.push(data.subarray(from, from + size)));
    from += size;
  }
  return frames;
}

describe('frames', () => {
  test('come out as they went in, in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.array(fc.nat({ max: 70 }), { minLength: 1 }),
        (frames, sizes) => {
          const data = Buffer.concat(frames.map((one) => encodeFrame(one, one.compression)));
          expect(decoded(data, sizes)).toEqual(
            frames.map(({ type, session, header, body }) => ({
              type,
              session,
              header: JSON.parse(JSON.stringify(header)),
              body: expect.objectContaining({ length: Buffer.concat(body).length }),
            })),
          );
        },
      ),
    );
  });

  test('a cut stream gives nothing of the frame that it was cut in', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (one, at) => {
        const data = encodeFrame(one, one.compression);
        const decoder = new FrameDecoder();
        expect([...decoder.push(data.subarray(0, at % data.length))]).toEqual([]);
      }),
    );
  });

  test('a damaged header never passes, and garbage never breaks anything but the stream', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, change) => {
        const data = encodeFrame({ ...one, body: [] });
        const position = 4 + (at % (data.length - 4));
        data[position] = (data[position] as number) ^ change;
        expect(() => [...new FrameDecoder().push(data)]).toThrow(FrameError);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          for (const one of new FrameDecoder().push(Buffer.from(bytes)))
            expect(frameTypes).toContain(one.type);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });

  test('a length that is too long is refused before anything is kept', () => {
    const data = Buffer.alloc(8);
    data.writeUInt32BE(maxFrame + 1, 0);
    expect(() => [...new FrameDecoder().push(data)]).toThrow(FrameError);
    expect(() => encodeFrame({ type: 'content', session: 1, body: [Buffer.alloc(maxFrame)] })).toThrow(
      /too long/,
    );
  });

  test('a small frame that unpacks to a huge one is refused', () => {
    const data = encodeFrame(
      { type: 'content', session: 1, body: [Buffer.alloc(maxFrame - 100)] },
      'deflate',
    );
    expect(data.length).toBeLessThan(20_000);
    expect([...new FrameDecoder().push(data)]).toHaveLength(1);
  });

  test('what nobody could unpack is not sent, however small it packs', () => {
    const body = [Buffer.alloc(maxFrame + 1)];
    for (const compression of compressions)
      expect(() => encodeFrame({ type: 'content', session: 1, body }, compression)).toThrow(/too long/);
  });

  test('words that are no frames are shown', () => {
    expect(() => [...new FrameDecoder().push(Buffer.from('sh: node: not found\r\n'))]).toThrow(
      /sh: node: not found/,
    );
  });
});
