/** Contents in frames: many small ones in one, a large one in many, and never more under way than agreed. */

import type { Operation } from '../reconcile/operations.ts';
import type { Chunk, Contents } from '../sync/endpoint.ts';
import { asCount, asDigest, asList, asObject, ProtocolError } from './check.ts';

/** Bytes of content that may be under way without having been taken in. */
export const contentWindow = 4 << 20;
/** A frame is sent when it holds this much. */
const enough = 256 << 10;

interface ContentFrame {
  readonly header: { readonly form: 'whole'; readonly stream: number; readonly items: unknown[] };
  readonly body: readonly Uint8Array[];
  /** Of the body. */
  readonly bytes: number;
}

/** Packs chunks into frames. `stream` says which call they belong to. */
export async function* packContents(
  stream: number,
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<ContentFrame> {
  let items: unknown[] = [];
  let parts: Uint8Array[] = [];
  let length = 0;
  const flush = (): ContentFrame => {
    const frame = { header: { form: 'whole', stream, items } as const, body: parts, bytes: length };
    [items, parts, length] = [[], [], 0];
    return frame;
  };
  for await (const { digest, size, offset, data } of chunks) {
    items.push([digest, size, offset, data.length]);
    parts.push(data);
    length += data.length;
    if (length >= enough || items.length >= 1000) yield flush();
  }
  if (items.length > 0) yield flush();
}

/** The chunks in a frame, checked. */
export function* unpackContents(header: unknown, body: Uint8Array): Generator<Chunk> {
  const { form, items } = asObject(header, 'a header');
  // Differences to a base will be another form; no peer announces yet that it can read them.
  if (form !== 'whole')
    throw new ProtocolError(`contents in the form ${JSON.stringify(form)} are not known here`);
  let position = 0;
  for (const item of asList(items, 'contents')) {
    const [digest, size, offset, length] = asList(item, 'a content');
    const end = position + asCount(length, 'a length');
    if (end > body.length) throw new ProtocolError('contents are longer than their frame');
    const chunk = {
      digest: asDigest(digest),
      size: asCount(size, 'a size'),
      offset: asCount(offset, 'an offset'),
      data: body.subarray(position, end),
    };
    if (chunk.offset + chunk.data.length > chunk.size)
      throw new ProtocolError('a content is longer than announced');
    yield chunk;
    position = end;
  }
}

/** Contents that were asked for, by digest and size; any other one is not taken in. */
export function* askedFor(sizes: ReadonlyMap<string, number>, chunks: Iterable<Chunk>): Generator<Chunk> {
  for (const chunk of chunks) {
    if (sizes.get(chunk.digest) !== chunk.size)
      throw new ProtocolError('the other end sent a content that nobody has asked for');
    yield chunk;
  }
}

/**
 * Small contents that go along with the operations that need them: which operation's, and how long, with the
 * contents themselves one behind the other in the body.
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

/** The contents that came along, by their digest. */
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

/** Counts what is under way, and lets the sender wait while it is too much. */
export class Window {
  #underWay = 0;
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  /** Waits until there is room, then takes it. */
  async take(bytes: number): Promise<void> {
    while (this.#underWay > 0 && this.#underWay + bytes > contentWindow && !this.#failure)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure) throw this.#failure;
    this.#underWay += bytes;
  }

  /** So much was taken in at the other end. */
  credit(bytes: number): void {
    this.#underWay = Math.max(0, this.#underWay - bytes);
    this.#wake?.();
  }

  /** Nothing will ever be taken in any more. */
  fail(why: Error): void {
    this.#failure = why;
    this.#wake?.();
  }
}
