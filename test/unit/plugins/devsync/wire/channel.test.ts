/** A stream that falls silent: proxies and load balancers cut what is idle, and do not always say so. */
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Channel } from '../../../../../plugins/devsync/wire/channel.ts';
import { encodeFrame, type Frame, FrameDecoder } from '../../../../../plugins/devsync/wire/frame.ts';
import { SharedBody } from '../../../../../plugins/devsync/wire/shared-body.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

function opened() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ends: string[] = [];
  const frames: Frame[] = [];
  const channel = new Channel({
    input,
    output,
    onFrame: (frame) => frames.push(frame),
    onEnd: (why) => ends.push(why.message),
    pingEvery: 5_000,
    silenceLimit: 20_000,
  });
  return { input, output, channel, ends, frames };
}

const streamsMove = () => new Promise((resolve) => setImmediate(resolve));

test('is pinged, and given up when nothing comes for twenty seconds', async () => {
  const { input, output, ends } = opened();
  const decoder = new FrameDecoder();
  const sent: string[] = [];
  output.on('data', (data: Buffer) => sent.push(...[...decoder.push(data)].map(({ type }) => type)));
  await jest.advanceTimersByTimeAsync(11_000);
  await streamsMove();
  expect(sent).toEqual(['ping', 'ping']);
  input.write(encodeFrame({ type: 'pong', session: 0 }));
  await streamsMove();
  await jest.advanceTimersByTimeAsync(19_000);
  expect(ends).toEqual([]);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(ends).toEqual(['nothing was heard for 20 s']);
});

test('whoever waits for it to run dry does not wait for ever', async () => {
  const { channel, ends } = opened();
  const sending = channel.send('content', 1, {}, [Buffer.alloc(1 << 20)]);
  sending.catch(() => {});
  await jest.advanceTimersByTimeAsync(22_000);
  expect(ends.length).toBe(1);
  await expect(sending).rejects.toThrow('nothing was heard');
});

test('a body that several ends get is packed once, and goes with the frame behind it', async () => {
  const parts = [Buffer.from('one '), Buffer.alloc(40_000, 'body')];
  const body = new SharedBody(parts);
  const bodiesOf = async (takesBodies: boolean) => {
    const { channel, output } = opened();
    const there = opened();
    const written: Buffer[] = [];
    output.on('data', (data: Buffer) => written.push(data));
    channel.takesBodies = takesBodies;
    await channel.send('call', 1, { id: 1 }, body);
    await channel.send('call', 1, { id: 2 });
    await streamsMove();
    there.input.write(Buffer.concat(written));
    await streamsMove();
    const frames = there.frames.map(({ header, body: got }) => [header, Buffer.from(got).toString()]);
    return { frames, first: written[0] };
  };
  const [one, other, old] = [await bodiesOf(true), await bodiesOf(true), await bodiesOf(false)];
  const expected = [
    [{ id: 1 }, Buffer.concat(parts).toString()],
    [{ id: 2 }, ''],
  ];
  for (const { frames } of [one, other, old]) expect(frames).toEqual(expected);
  expect(one.first).toBe(other.first);
});

test('a little body goes with its frame, also where several ends get it', async () => {
  const { channel, output } = opened();
  const there = opened();
  let writes = 0;
  output.on('data', (data: Buffer) => {
    writes++;
    there.input.write(data);
  });
  channel.takesBodies = true;
  await channel.send('call', 1, {}, new SharedBody([Buffer.from('one '), Buffer.from('body')]));
  await streamsMove();
  expect(there.frames.map(({ body }) => Buffer.from(body).toString())).toEqual(['one body']);
  expect(writes).toBe(1);
});
