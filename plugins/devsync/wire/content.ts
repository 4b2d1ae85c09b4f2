/**
 * Packs contents into frames: many small ones into one frame, a large one into many. It limits how much is under way, so
 * that neither end has to hold a whole file in memory.
 */
import type { Operation } from '../reconcile/operations.ts';
import type { Chunk, ContentRequest, Contents } from '../sync/endpoint.ts';
import type { FrameBody } from './channel.ts';
import { asCount, asDigest, asList, asObject, asPath, ProtocolError } from './check.ts';
import { sharedBodyOf } from './shared-body.ts';

/** A frame is sent once it holds so many bytes. */
const enough = 256 << 10;

/** Bytes that the ranges of one frame may stand for. The end that copies them handles other frames in between. */
const enoughCopied = 4 << 20;

interface ContentFrame {
  readonly header: {
    readonly form: 'whole' | 'delta';
    readonly stream: number;
    /** What the ranges are of; only in a delta. */
    readonly basis?: string;
    readonly items: unknown[];
  };
  readonly body: FrameBody;
  /** Length of the body. */
  readonly bytes: number;
}

/** Packs chunks into frames. @param stream which call they belong to */
export async function* packContents(
  stream: number,
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<ContentFrame> {
  let items: unknown[] = [];
  let parts: Uint8Array[] = [];
  let length = 0;
  let copiedLength = 0;
  let basis: string | undefined;
  const flush = (): ContentFrame => {
    const form = basis === undefined ? ({ form: 'whole' } as const) : ({ form: 'delta', basis } as const);
    const frame = { header: { ...form, stream, items }, body: parts, bytes: length };
    [items, parts, length, copiedLength, basis] = [[], [], 0, 0, undefined];
    return frame;
  };
  for await (const { digest, size, offset, data, copied } of chunks) {
    const shared = sharedBodyOf(data);
    const isOther = copied !== undefined && basis !== undefined && basis !== copied.path;
    if (items.length > 0 && (isOther || shared)) yield flush();
    if (shared) {
      const whole = [digest, size, offset, data.length];
      yield { header: { form: 'whole', stream, items: [whole] }, body: shared, bytes: data.length };
      continue;
    }
    items.push([digest, size, offset, copied?.length ?? data.length, ...(copied ? [copied.from] : [])]);
    if (copied) basis = copied.path;
    else parts.push(data);
    length += data.length;
    copiedLength += copied?.length ?? 0;
    if (length >= enough || items.length >= 1000 || copiedLength >= enoughCopied) yield flush();
  }
  if (items.length > 0) yield flush();
}

/** Yields the chunks of a frame. @throws {ProtocolError} they are not what the protocol allows */
export function* unpackContents(header: unknown, body: Uint8Array): Generator<Chunk> {
  const { form, items, basis } = asObject(header, 'a header');
  if (form !== 'whole' && form !== 'delta')
    throw new ProtocolError(`contents in the form ${JSON.stringify(form)} are not known here`);
  const path = form === 'delta' ? asPath(basis) : undefined;
  let position = 0;
  for (const item of asList(items, 'contents')) {
    const [digest, size, offset, asked, from] = asList(item, 'a content');
    const length = asCount(asked, 'a length');
    const isCopied = path !== undefined && from !== undefined;
    const end = isCopied ? position : position + length;
    if (end > body.length) throw new ProtocolError('contents are longer than their frame');
    const chunk: Chunk = {
      digest: asDigest(digest),
      size: asCount(size, 'a size'),
      offset: asCount(offset, 'an offset'),
      data: body.subarray(position, end),
      ...(isCopied && { copied: { path, from: asCount(from, 'an offset'), length } }),
    };
    if (chunk.offset + length > chunk.size) throw new ProtocolError('a content is longer than announced');
    yield chunk;
    position = end;
  }
}

/**
 * Yields the chunks, all of which must have been asked for, and be differences only to the file that was asked for.
 * @throws {ProtocolError} the other end sent anything else: it could fill the disk
 */
export function* askedFor(
  needs: ReadonlyMap<string, ContentRequest>,
  chunks: Iterable<Chunk>,
): Generator<Chunk> {
  for (const chunk of chunks) {
    const need = needs.get(chunk.digest);
    if (need === undefined || need.size !== chunk.size)
      throw new ProtocolError('the other end sent a content that nobody has asked for');
    const { copied } = chunk;
    // The other end knows the content's own path alone; which file here has the rest of it is for this end to say.
    if (copied !== undefined && (need.basis === undefined || copied.path !== need.path))
      throw new ProtocolError('the other end sent differences to a file that it was not asked for');
    yield copied && need.basis ? { ...chunk, copied: { ...copied, path: need.basis.path } } : chunk;
  }
}

/**
 * Packs small contents together with the operations that need them, which saves a round trip. `along` says for each
 * content which operation it belongs to and how long it is. The body holds the contents one after the other.
 */
export function packAlong(
  operations: readonly Operation[],
  contents: Contents,
): { along: [number, number][]; body: Uint8Array[] } {
  const along: [number, number][] = [];
  const body: Uint8Array[] = [];
  for (const [index, { new: wanted }] of operations.entries()) {
    const data = wanted?.kind === 'file' ? contents.get(wanted.digest) : undefined;
    if (data === undefined) continue;
    along.push([index, data.length]);
    body.push(data);
  }
  return { along, body };
}

/** The contents that came with operations, by digest. @throws {ProtocolError} one belongs to no operation */
export function unpackAlong(along: unknown, operations: readonly Operation[], body: Uint8Array): Contents {
  const contents = new Map<string, Uint8Array>();
  let position = 0;
  for (const item of asList(along, 'contents')) {
    const [index, length] = asList(item, 'a content');
    const wanted = operations[asCount(index, 'an operation')]?.new;
    const end = position + asCount(length, 'a length');
    if (wanted?.kind !== 'file' || end > body.length)
      throw new ProtocolError('a content that belongs to no operation');
    contents.set(wanted.digest, body.subarray(position, end));
    position = end;
  }
  return contents;
}
