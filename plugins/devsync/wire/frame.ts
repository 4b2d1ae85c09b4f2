/**
 * Encodes and decodes frames, which are all that goes over the stream to an agent. Each frame has its length and a
 * checksum, because streams through a cluster break, and sometimes end early without an error. Contents in a body have
 * SHA-256 digests of their own.
 *
 * | bytes | |
 * | --- | --- |
 * | 4 | length of everything that follows |
 * | 4 | CRC-32 of everything that follows except the body, before compression |
 * | 1 | type |
 * | 1 | how header and body are compressed |
 * | 4 | session, since one agent may serve several syncs |
 * | 4 | length of the header |
 * | … | header, JSON |
 * | … | body, bytes |
 *
 * Numbers are big-endian.
 */
import * as zlib from 'node:zlib';
import { crc32 } from '../sync/delta/crc32.ts';
import { frameMemory } from './frame-memory.ts';

export const frameTypes = [
  /** The first frame in each direction: version and features. */
  'hello',
  /** A call, and its answer or its failure. */
  'call',
  'answer',
  'failure',
  /** Contents, in either direction; how many bytes of them were taken in; the end of them. */
  'content',
  'credit',
  'end',
  /** What has changed in the agent's tree. The agent sends it without being asked. */
  'tree',
  /** All frames that were sent before it have been handled. */
  'barrier',
  'ping',
  'pong',
  /** The body of the frame right behind it, which has none itself: it was packed for several ends. */
  'body',
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

/** Bytes of the longest frame. An end that announces a longer one does not speak this protocol. */
export const maxFrame = 4 << 20;
/** Bytes of length and checksum, and of the other fields before the header. */
const prefix = 8;
const fixed = 10;

/** The compressions that this end can read. */
export function knownCompressions(): Compression[] {
  return 'zstdDecompressSync' in zlib ? ['none', 'deflate', 'zstd'] : ['none', 'deflate'];
}

/** The stream holds something else than frames, or a broken frame. Nothing that follows can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** A frame of more bytes has memory of its own, which can be freed as soon as the frame was handled. */
const large = 16 << 10;
const noBody = new Uint8Array();

/** A frame to send. Its body may be in parts. */
export interface Outgoing {
  readonly type: FrameType;
  readonly session: number;
  readonly header?: unknown;
  readonly body?: readonly Uint8Array[];
}

/** Encodes a frame. @throws {FrameError} it is too long, compressed or not */
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

/** Decodes frames from pieces of a stream, of whatever size. */
export class FrameDecoder {
  #pieces: Buffer[] = [];
  #length = 0;

  /** Takes a piece, and yields the frames that it completes. @throws {FrameError} */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (;;) {
      const wanted = this.#wanted();
      if (wanted === undefined || this.#length < wanted) return;
      yield decodeFrame(this.#take(wanted));
    }
  }

  /** Whether the stream may end here, which is not inside of a frame. */
  get isBetweenFrames(): boolean {
    return this.#length === 0;
  }

  /** Takes the next so many bytes out of the pieces. Those of a large frame are copied into memory of their own. */
  #take(length: number): Buffer {
    this.#length -= length;
    const [first = Buffer.alloc(0)] = this.#pieces;
    if (length <= large && first.length >= length) {
      this.#drop(length);
      return first.subarray(0, length);
    }
    const whole = length > large ? frameMemory.take(length) : Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const copied = (this.#pieces[0] as Buffer).copy(whole, filled, 0, length - filled);
      this.#drop(copied);
      filled += copied;
    }
    return whole;
  }

  /** Drops so many bytes of the first piece. */
  #drop(length: number): void {
    const first = this.#pieces[0] as Buffer;
    if (length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(length);
  }

  /** The length of the next frame in bytes; undefined where its first bytes have not come yet. */
  #wanted(): number | undefined {
    if (this.#length < 4) return undefined;
    if ((this.#pieces[0] as Buffer).length < 4) this.#pieces = [Buffer.concat(this.#pieces)];
    const first = this.#pieces[0] as Buffer;
    const wanted = first.readUInt32BE(0) + 4;
    if (wanted > maxFrame || wanted < prefix + fixed) throw notFrames(first);
    return wanted;
  }
}

/** Quotes what came instead of frames: it is often a message that explains the failure. */
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
  const decoded = { type, session: frame.readUInt32BE(10), header: parse(json), body };
  if (compression !== 'none') frameMemory.give(frame);
  return decoded;
}

function parse(json: Buffer): unknown {
  if (json.length === 0) return undefined;
  try {
    return JSON.parse(json.toString());
  } catch {
    throw new FrameError('a frame whose header is no JSON');
  }
}

/** Fewer bytes are not compressed: it would gain nothing. */
const small = 512;

/** Compresses the parts into one; undefined where that gains too little. */
function compress(parts: readonly Uint8Array[], compression: Compression): Buffer | undefined {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const body = parts.length > 1 ? parts.at(-1) : undefined;
  if (compression === 'none' || length < small) return undefined;
  if (body !== undefined && !isCompressible(body, compression)) return undefined;
  const packed = pack(Buffer.concat(parts, length), compression);
  return packed.length < length * 0.9 ? packed : undefined;
}

/** After a body that did not compress, so many are not sampled at all: they are probably parts of the same file. */
const notSampled = 15;
let skip = 0;

/** Compresses a sample, to find out whether compressing the whole is worth the time. */
function isCompressible(data: Uint8Array, compression: Compression): boolean {
  const sample = data.subarray(0, 4096);
  if (sample.length < small) return true;
  if (skip > 0) {
    skip--;
    return false;
  }
  const pays = pack(sample, compression).length < sample.length * 0.9;
  if (!pays) skip = notSampled;
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
