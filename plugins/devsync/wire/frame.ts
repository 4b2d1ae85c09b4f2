/**
 * Frames: what goes over the one stream to an agent. Each says how long it is and bears a checksum, because
 * streams through a cluster are cut, and sometimes cut short without an error. (Contents in a body bear
 * SHA-256 digests of their own.)
 *
 * | bytes | |
 * | --- | --- |
 * | 4 | length of all that follows |
 * | 4 | CRC-32 of all that follows but the body, before compression |
 * | 1 | type |
 * | 1 | how header and body are compressed |
 * | 4 | session: one agent may serve several syncs |
 * | 4 | length of the header |
 * | … | header, JSON |
 * | … | body, bytes |
 *
 * Numbers are big-endian.
 */
import * as zlib from 'node:zlib';
import { crc32 } from '../sync/crc32.ts';

export const frameTypes = [
  /** Both ways, first: version and features. */
  'hello',
  /** A call, its answer, its failure. */
  'call',
  'answer',
  'failure',
  /** Contents, in either direction, and how much of them was taken in. */
  'content',
  'credit',
  'end',
  /** From the agent, unasked: what has changed in its tree. */
  'tree',
  /** Everything sent before it has been dealt with. */
  'barrier',
  'ping',
  'pong',
] as const;
export type FrameType = (typeof frameTypes)[number];

export interface Frame {
  readonly type: FrameType;
  readonly session: number;
  readonly header: unknown;
  readonly body: Uint8Array;
}

export const compressions = ['none', 'deflate', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** No frame is longer; who announces a longer one is not speaking this protocol. */
export const maxFrame = 4 << 20;
const prefix = 8;
const fixed = 10;

/** What this end can read. */
export function knownCompressions(): Compression[] {
  return 'zstdDecompressSync' in zlib ? ['none', 'deflate', 'zstd'] : ['none', 'deflate'];
}

/** The stream does not carry frames, or carries broken ones. Nothing that follows can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Has memory of its own. */
const large = 16 << 10;
const noBody = new Uint8Array();

/** A frame that is to be sent; its body may be in parts. */
export interface Outgoing {
  readonly type: FrameType;
  readonly session: number;
  readonly header?: unknown;
  readonly body?: readonly Uint8Array[];
}

/** A frame as bytes. Throws a FrameError where it is too long, or would be when it is taken apart again. */
export function encodeFrame(
  { type, session, header, body = [] }: Outgoing,
  compression: Compression = 'none',
): Buffer {
  const json = Buffer.from(header === undefined ? '' : JSON.stringify(header));
  const whole = [json, ...body].reduce((sum, part) => sum + part.length, prefix + fixed);
  if (whole > maxFrame) throw new FrameError(`a frame of ${whole} bytes is too long`);
  const packed = compress([json, ...body], compression);
  const parts = packed === undefined ? [json, ...body] : [packed];
  const length = parts.reduce((sum, part) => sum + part.length, prefix + fixed);
  const frame = length > large ? Buffer.allocUnsafeSlow(length) : Buffer.allocUnsafe(length);
  frame.writeUInt32BE(length - 4, 0);
  frame[8] = frameTypes.indexOf(type);
  frame[9] = compressions.indexOf(packed === undefined ? 'none' : compression);
  frame.writeUInt32BE(session, 10);
  frame.writeUInt32BE(json.length, 14);
  frame.writeUInt32BE(checksum(frame, json), 4);
  let position = prefix + fixed;
  for (const part of parts) {
    frame.set(part, position);
    position += part.length;
  }
  return frame;
}

const checksum = (frame: Buffer, json: Uint8Array) =>
  crc32(json, crc32(frame.subarray(prefix, prefix + fixed), 0));

/** Puts frames together again from pieces of any size. */
export class FrameDecoder {
  #pieces: Buffer[] = [];
  #length = 0;

  /** Takes in a piece; gives the frames that it completes. Throws a FrameError. */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (;;) {
      const wanted = this.#wanted();
      if (wanted === undefined || this.#length < wanted) return;
      yield decodeFrame(this.#take(wanted));
    }
  }

  /** Whether the stream may end here. */
  get isBetweenFrames(): boolean {
    return this.#length === 0;
  }

  /** The next so many bytes: of a large frame in memory of its own, which can be freed when it is dealt with. */
  #take(length: number): Buffer {
    this.#length -= length;
    const [first = Buffer.alloc(0)] = this.#pieces;
    if (length <= large && first.length >= length) {
      this.#drop(length);
      return first.subarray(0, length);
    }
    const whole = length > large ? Buffer.allocUnsafeSlow(length) : Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const copied = (this.#pieces[0] as Buffer).copy(whole, filled, 0, length - filled);
      this.#drop(copied);
      filled += copied;
    }
    return whole;
  }

  /** Bytes of the first piece that have been used. */
  #drop(length: number): void {
    const first = this.#pieces[0] as Buffer;
    if (length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(length);
  }

  #wanted(): number | undefined {
    if (this.#length < 4) return undefined;
    if ((this.#pieces[0] as Buffer).length < 4) this.#pieces = [Buffer.concat(this.#pieces)];
    const first = this.#pieces[0] as Buffer;
    const wanted = first.readUInt32BE(0) + 4;
    if (wanted > maxFrame || wanted < prefix + fixed) throw notFrames(first);
    return wanted;
  }
}

/** The text that came instead of frames is the best explanation there is. */
function notFrames(data: Buffer): FrameError {
  const text = data
    .subarray(0, 200)
    .toString('latin1')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return new FrameError(`what came is not the agent's protocol: ${JSON.stringify(text)}`);
}

function decodeFrame(frame: Buffer): Frame {
  const type = frameTypes[frame[8] as number];
  const compression = compressions[frame[9] as number];
  if (type === undefined || compression === undefined)
    throw new FrameError('a frame of a kind that is not known');
  const payload = decompress(frame.subarray(prefix + fixed), compression);
  const headerLength = frame.readUInt32BE(14);
  if (headerLength > payload.length) throw new FrameError('a frame whose header is longer than itself');
  const json = payload.subarray(0, headerLength);
  if (frame.readUInt32BE(4) !== checksum(frame, json)) throw new FrameError('a frame was damaged on its way');
  const body = headerLength === payload.length ? noBody : payload.subarray(headerLength);
  return { type, session: frame.readUInt32BE(10), header: parse(json), body };
}

function parse(json: Buffer): unknown {
  if (json.length === 0) return undefined;
  try {
    return JSON.parse(json.toString());
  } catch {
    throw new FrameError('a frame whose header is no JSON');
  }
}

/** Below this many bytes compressing is not worth a thought. */
const small = 512;

/** The parts in one, compressed; undefined where it does not pay. */
function compress(parts: readonly Uint8Array[], compression: Compression): Buffer | undefined {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const body = parts.length > 1 ? parts.at(-1) : undefined;
  if (compression === 'none' || length < small) return undefined;
  if (body !== undefined && !isCompressible(body, compression)) return undefined;
  const packed = pack(Buffer.concat(parts, length), compression);
  return packed.length < length * 0.9 ? packed : undefined;
}

/** After a sample that did not compress, so many large frames go unlooked at: their neighbours are like them. */
const unlookedAt = 15;
let skip = 0;

/** What a few bytes of it tell. */
function isCompressible(data: Uint8Array, compression: Compression): boolean {
  const sample = data.subarray(0, 4096);
  if (sample.length < small) return true;
  if (skip > 0) {
    skip--;
    return false;
  }
  const pays = pack(sample, compression).length < sample.length * 0.9;
  if (!pays) skip = unlookedAt;
  return pays;
}

function pack(data: Uint8Array, compression: Compression): Buffer {
  return compression === 'zstd'
    ? zlib.zstdCompressSync(data, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })
    : zlib.deflateRawSync(data, { level: 1 });
}

function decompress(data: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return data;
  try {
    const limit = { maxOutputLength: maxFrame };
    return compression === 'zstd' ? zlib.zstdDecompressSync(data, limit) : zlib.inflateRawSync(data, limit);
  } catch (error) {
    throw new FrameError('a frame that cannot be decompressed', { cause: error });
  }
}
