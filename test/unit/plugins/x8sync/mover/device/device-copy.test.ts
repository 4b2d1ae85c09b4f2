/**
 * Both sides of the mover with large files in the place of devices: what is sent, what is refused, what an interruption
 * leaves. Over the machine's own sshd and ssh, and with the source mounted.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';

const mebibyte = 1 << 20;
const blockBytes = 65_536;
const device = { X8S_DEVICE: '1' };
const mounted = { ...device, X8S_SOURCE_MOUNTED: '1', X8S_ADDRESSES: '' };

let both: Pair;
let source: string;
let target: string;
beforeEach(async () => {
  both = await pair(device);
  const { sourceDevice, targetDevice } = both.stage.runtime.paths;
  [source, target] = [sourceDevice, targetDevice];
  mkdirSync(dirname(source), { recursive: true });
  make(source, 24);
  make(target, 24);
});
afterEach(() => both[Symbol.dispose]());

function make(path: string, mebibytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, mebibytes * mebibyte);
}

function put(path: string, offset: number, data: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, data, 0, data.length, offset);
  closeSync(file);
}

const isSame = (): boolean =>
  readFileSync(source).equals(readFileSync(target).subarray(0, statSync(source).size));

withPrograms(
  'only blocks that differ come over ssh, by several streams, zeros are made here, and both are verified',
  async () => {
    put(source, 0, randomBytes(5 * mebibyte));
    put(source, 20 * mebibyte + 77, randomBytes(1000));
    await both.serve();
    const first = await both.copy({ ...device, X8S_VERIFY: '1', X8S_PARALLELISM: '3' });
    expect(first).toMatchObject({
      ...{ code: 0, outcome: 'ok', verification: { unit: 'blocks', entries: 384, different: 0 } },
      device: { blocks: 384, differing: 81, sentBytes: 5 * mebibyte + blockBytes, zeroedBytes: 0 },
      streams: { parallelism: 3 },
    });
    expect(isSame()).toBe(true);
    expect(statSync(target).blocks * 512).toBeLessThan(6 * mebibyte);

    put(source, 3 * mebibyte, Buffer.alloc(2 * mebibyte));
    put(source, mebibyte, Buffer.from('changed'));
    const second = await both.copy(device);
    expect(second).toMatchObject({
      code: 0,
      device: { sentBytes: blockBytes, zeroedBytes: 2 * mebibyte },
      stats: { transferredBytes: blockBytes, changes: 33 },
    });
    expect(isSame()).toBe(true);
    // A discard, where the file system takes one: these are holes again.
    expect(statSync(target).blocks * 512).toBeLessThan(4 * mebibyte);
  },
  120_000,
);

withPrograms(
  'verify finds one bit, and changes nothing; a dry run tells what would be sent',
  async () => {
    put(source, 0, randomBytes(2 * mebibyte));
    expect(await both.copy(mounted)).toMatchObject({ code: 0 });
    const byte = readFileSync(target).subarray(70_000, 70_001);
    put(target, 70_000, Buffer.from([(byte[0] ?? 0) ^ 1]));
    const verified = await both.copy({ ...mounted, X8S_MODE: 'verify' });
    expect(verified).toMatchObject({
      code: 5,
      outcome: 'differs',
      verification: { different: 1, aspects: { content: 1 } },
    });
    expect(verified.lines.filter((line) => line.startsWith('x8s:difference'))).toEqual([
      expect.stringContaining('bytes 65536–131071'),
    ]);
    const dry = await both.copy({ ...mounted, X8S_MODE: 'dry-run' });
    expect(dry).toMatchObject({ code: 0, device: { differing: 1, sentBytes: blockBytes } });
    expect(isSame()).toBe(false);
  },
  120_000,
);

withPrograms(
  'a target that is smaller, that holds something else, or a source of zeros is refused, and nothing is touched',
  async () => {
    const zeros = await both.copy(mounted);
    expect(zeros).toMatchObject({ code: 3, outcome: 'source-empty' });
    put(source, 0, randomBytes(mebibyte));
    const other = randomBytes(mebibyte);
    put(target, 4 * mebibyte, other);
    const refused = await both.copy(mounted);
    expect(refused).toMatchObject({ code: 3, outcome: 'too-many-deletions' });
    expect(refused.message).toMatch(/1048576 of 1048576 bytes/);
    expect(
      readFileSync(target)
        .subarray(4 * mebibyte, 5 * mebibyte)
        .equals(other),
    ).toBe(true);
    expect(await both.copy({ ...mounted, X8S_DELETES: 'all' })).toMatchObject({ code: 0 });
    expect(isSame()).toBe(true);

    truncateSync(target, 23 * mebibyte);
    const small = await both.copy(mounted);
    expect(small).toMatchObject({ code: 3, outcome: 'no-room' });
    expect(small.message).toMatch(/25165824 bytes, and the target's 24117248/);
    // What is larger keeps what it has beyond the source's size.
    truncateSync(target, 26 * mebibyte);
    put(target, 25 * mebibyte, other);
    expect(await both.copy(mounted)).toMatchObject({ code: 0, device: { targetBytes: 26 * mebibyte } });
    expect(isSame()).toBe(true);
    expect(
      readFileSync(target)
        .subarray(25 * mebibyte)
        .equals(other),
    ).toBe(true);
  },
  120_000,
);

withPrograms(
  'a copy that was stopped goes on: what had come does not come again',
  async () => {
    put(source, 0, randomBytes(20 * mebibyte));
    const { child, ended } = both.start({ ...mounted, X8S_BWLIMIT: '5M' });
    // Some of it has come by the first line about it.
    child.stdout?.on('data', (chunk: Buffer) => {
      if (/"totalBytes":20971520,/.test(String(chunk))) child.kill('SIGTERM');
    });
    expect(await ended).toMatchObject({ outcome: 'interrupted' });
    const rest = await both.copy(mounted);
    expect(rest).toMatchObject({ code: 0 });
    const { sentBytes } = (rest as unknown as { device: { sentBytes: number } }).device;
    expect(sentBytes).toBeGreaterThan(0);
    expect(sentBytes).toBeLessThan(20 * mebibyte);
    expect(isSame()).toBe(true);
  },
  120_000,
);
