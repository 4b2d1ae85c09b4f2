/** Differences between files: what one is made of is read, and the next one put together from it, in bounded memory. */
import { fstatSync } from 'node:fs';
import { splitPath } from '../../reconcile/tree.ts';
import { blockSizeFor } from '../delta/block-sizes.ts';
import { DeltaEncoder, type Difference, rangeSize } from '../delta/delta-encoder.ts';
import type { Range } from '../delta/known-blocks.ts';
import { type Signature, SignatureBuilder } from '../delta/signature.ts';
import type { Basis, Chunk, ContentRequest, InPlaceBasis } from '../endpoint.ts';
import { Descent } from '../files/folder.ts';
import { openFile, readParts, readPartsFrom, readPassing, readPassingFrom } from '../scan/digest.ts';

/** Bytes from which on a file is sent as differences: what is smaller is there before they are found out. */
export const leastForDelta: number = 1 << 20;

/** The signature of a file below the root. Rejects where it cannot be read. */
export async function signatureOf(root: string, path: string): Promise<Signature> {
  const file = openBelow(root, path);
  const builder = new SignatureBuilder(blockSizeFor(fstatSync(file).size));
  for await (const part of readPassingFrom(file, {})) builder.push(part);
  return builder.signature;
}

/** A content in parts: what the basis has of it as ranges of that. What has grown since is left out. */
export async function* differencesOf(
  file: string,
  { digest, size, offset: start }: ContentRequest,
  { path, signature }: Basis,
  signal?: AbortSignal,
): AsyncGenerator<Chunk> {
  let offset = start;
  for await (const one of differences(file, new DeltaEncoder(signature, start, size), start, signal)) {
    const length = 'data' in one ? one.data.length : one.length;
    if (offset + length > size) return;
    const common = { digest, size, offset };
    yield 'data' in one
      ? { ...common, data: one.data }
      : { ...common, data: nothing, copied: { path, ...one } };
    offset += length;
  }
}

const nothing = new Uint8Array();

/** As `differencesOf`, where it is known what is unchanged: only the rest is read. */
export async function* differencesInPlace(
  file: string,
  { digest, size, offset: start }: ContentRequest,
  { path, unchanged }: InPlaceBasis,
  signal?: AbortSignal,
): AsyncGenerator<Chunk> {
  let offset = start;
  for (const range of [...unchanged, { from: size, length: 0 }]) {
    if (range.from > offset) {
      const rest = { from: offset, length: range.from - offset, signal };
      for await (const data of readParts(file, rest)) {
        yield { digest, size, offset, data };
        offset += data.length;
      }
      // It is shorter by now, and so another one.
      if (offset < range.from) return;
    }
    for (const end = range.from + range.length; offset < end; ) {
      const length = Math.min(rangeSize, end - offset);
      yield { digest, size, offset, data: nothing, copied: { path, from: offset, length } };
      offset += length;
    }
  }
}

async function* differences(
  file: string,
  encoder: DeltaEncoder,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Difference> {
  for await (const part of readPassing(file, start, signal)) yield* encoder.push(part);
  yield* encoder.finish();
}

/**
 * A chunk that is a range of a file below the root, as data, each part of which is there until the next one is asked
 * for. Rejects where the file cannot be read, or has less.
 */
export async function* copiedData(root: string, chunk: Chunk): AsyncGenerator<Chunk> {
  const { copied, ...rest } = chunk;
  if (copied === undefined) return;
  let offset = chunk.offset;
  for await (const data of readPassingFrom(openBelow(root, copied.path), copied)) {
    yield { ...rest, offset, data };
    offset += data.length;
  }
  if (offset < chunk.offset + copied.length)
    throw new Error('the file that it replaces was changed meanwhile');
}

/** A part of a file below the root. */
export function readBelow(root: string, path: string, range: Range): AsyncGenerator<Buffer> {
  return readPartsFrom(openBelow(root, path), range);
}

/** A regular file; no link is followed on the way. */
function openBelow(root: string, path: string): number {
  using descent = new Descent(root);
  const [parent, name] = splitPath(path);
  return openFile(descent.to(parent).at(name));
}
