/**
 * A device as a row of blocks, and the stream by which one side tells the other its digests: records of 32 bytes, each
 * the SHA-256 of a block. A record that begins with 24 zero bytes, which no digest does, stands for a run of blocks that
 * hold nothing but zeros; its last eight bytes are their number.
 */
import { hash } from 'node:crypto';

/** Pages of file systems and databases change in places: larger blocks would send more than has changed. */
export const blockBytes = 65_536;
const recordBytes = 32;
const runMark = Buffer.alloc(24);
const zeros = Buffer.alloc(blockBytes);

/** How many blocks a device of so many bytes has; the last one may be shorter. */
export const blocksIn = (bytes: number): number => Math.ceil(bytes / blockBytes);

/** The blocks of a piece of a device that begins where a block does. */
export function* blocksOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += blockBytes) yield chunk.subarray(at, at + blockBytes);
}

export const isZero = (block: Buffer): boolean => zeros.subarray(0, block.length).equals(block);

export const digestOf = (block: Buffer): Buffer => hash('sha256', block, 'buffer');

/** So many blocks in a row with this digest; without one they hold zeros. */
export interface BlockRun {
  readonly count: number;
  readonly digest?: Buffer;
}

/** The records of a device, as it is read. */
export async function* recordsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let zeroBlocks = 0;
  for await (const chunk of chunks) {
    const records: Buffer[] = [];
    for (const block of blocksOf(chunk)) {
      if (isZero(block)) zeroBlocks += 1;
      else {
        if (zeroBlocks > 0) records.push(zeroRecord(zeroBlocks));
        zeroBlocks = 0;
        records.push(digestOf(block));
      }
    }
    if (records.length > 0) yield Buffer.concat(records);
  }
  if (zeroBlocks > 0) yield zeroRecord(zeroBlocks);
}

function zeroRecord(count: number): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeBigUInt64BE(BigInt(count), runMark.length);
  return record;
}

/** Reads records again, wherever the stream was cut into pieces. */
export async function* runsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<BlockRun> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + recordBytes <= rest.length; at += recordBytes)
      yield runOf(rest.subarray(at, at + recordBytes));
    rest = rest.subarray(at);
  }
}

function runOf(record: Buffer): BlockRun {
  const isRun = record.subarray(0, runMark.length).equals(runMark);
  return isRun ? { count: Number(record.readBigUInt64BE(runMark.length)) } : { count: 1, digest: record };
}
