/** Devices as rows of blocks: what is told of them, what is found by it, and what is to be done. */
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { blockBytes, recordsOf, runsOf } from '../../../../../../plugins/x8sync/mover/device/blocks.ts';
import { compareDevices, DigestsMissing } from '../../../../../../plugins/x8sync/mover/device/comparison.ts';
import { differencesOf } from '../../../../../../plugins/x8sync/mover/device/differences.ts';
import {
  deviceQueries,
  parseDeviceQuery,
} from '../../../../../../plugins/x8sync/mover/protocol/device-queries.ts';

const zeros = Buffer.alloc(blockBytes);
const [one, two, three] = [
  randomBytes(blockBytes),
  randomBytes(blockBytes),
  randomBytes(blockBytes),
] as const;

/** As a device is read: pieces that begin where a block does. */
async function* pieces(device: Buffer, blocks = 2): AsyncGenerator<Buffer> {
  for (let at = 0; at < device.length; at += blocks * blockBytes)
    yield device.subarray(at, at + blocks * blockBytes);
}

/** As a pipe hands on what it is given. */
async function* cut(stream: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of stream) all.push(piece);
  const whole = Buffer.concat(all);
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}

const compare = (source: Buffer, target: Buffer, bytes = source.length) =>
  compareDevices(runsOf(cut(recordsOf(pieces(source)), 17)), pieces(target, 3), bytes);

test('blocks that differ are to come, zeros are made at the target, and the same ones are left', async () => {
  const end = randomBytes(100);
  const source = Buffer.concat([one, zeros, two, zeros, zeros, three, end]);
  const target = Buffer.concat([one, three, one, zeros, two, zeros, end]);
  const { map, ...found } = await compare(source, target);
  expect(found).toEqual({
    blocks: 7,
    differing: 4,
    sourceHolds: 3 * blockBytes + 100,
    targetHolds: 4 * blockBytes + 100,
    targetLoses: 3 * blockBytes,
  });
  expect([...map.extents('fetch')]).toEqual([
    [2 * blockBytes, blockBytes],
    [5 * blockBytes, blockBytes],
  ]);
  expect([...map.extents('zero')]).toEqual([
    [blockBytes, blockBytes],
    [4 * blockBytes, blockBytes],
  ]);
  expect([...differencesOf({ map, ...found })].map(({ path }) => path)).toEqual([
    'bytes 131072–196607',
    'bytes 327680–393215',
    'bytes 65536–131071',
    'bytes 262144–327679',
  ]);
});

test('what is told of zeros takes no room, and a last block may be a short one', async () => {
  const source = Buffer.concat([...Array.from({ length: 50 }, () => zeros), one.subarray(0, 512)]);
  const records: Buffer[] = [];
  for await (const record of recordsOf(pieces(source))) records.push(record);
  expect(Buffer.concat(records)).toHaveLength(64);
  const { map, differing } = await compare(source, Buffer.alloc(source.length));
  expect(differing).toBe(1);
  expect([...map.extents('fetch')]).toEqual([[50 * blockBytes, 512]]);
  expect(map.bytes('zero')).toBe(0);
});

test('a piece to be fetched holds neighbours, and not more than a stream may lose', async () => {
  const source = Buffer.alloc(700 * blockBytes, 7);
  const { map } = await compare(source, Buffer.alloc(source.length));
  expect([...map.ranges()]).toEqual([[[0, 512 * blockBytes]], [[512 * blockBytes, 188 * blockBytes]]]);
});

test('digests that end early, or are too many, are no comparison', async () => {
  const device = Buffer.concat([one, two, zeros]);
  const of = (source: Buffer) => compare(source, device, device.length);
  await expect(of(Buffer.concat([one, two]))).rejects.toThrow(DigestsMissing);
  await expect(of(Buffer.concat([device, one]))).rejects.toThrow(DigestsMissing);
  await expect(of(Buffer.concat([device, zeros]))).rejects.toThrow(DigestsMissing);
  await expect(of(device)).resolves.toMatchObject({ differing: 0 });
});

test('a device is asked about by offsets, and nothing else is understood', () => {
  const range = [
    [0, 5],
    [2 ** 40, 65_536],
  ] as const;
  expect(parseDeviceQuery(deviceQueries.device)).toEqual({ kind: 'device' });
  expect(parseDeviceQuery(deviceQueries.blocks(range))).toEqual({ kind: 'blocks', range });
  expect(parseDeviceQuery(deviceQueries.digests([10, 20]))).toEqual({ kind: 'digests', part: [10, 20] });
  for (const text of [
    'device /dev/sda',
    'blocks',
    'blocks 1',
    'digests 1+2,3+4',
    'blocks 1+1;id',
    'digests -1+5',
  ])
    expect(parseDeviceQuery(text)).toBeUndefined();
});
