/** Differences between files: what one is made of is read, and the next one put together from it, in bounded memory. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { nextTurn } from '../../../src/async/next-turn.ts';
import { splitPath } from '../reconcile/tree.ts';
import { DeltaEncoder, type Difference } from './delta-encoder.ts';
import { chunkSize, openFile, readPassing } from './digest.ts';
import type { Basis, Chunk, ContentRequest } from './endpoint.ts';
import { Descent } from './folder.ts';
import { blockSizeFor, type Signature, SignatureBuilder } from './signature.ts';

/** Bytes from which on a file is sent as differences: what is smaller is there before they are found out. */
export const leastForDelta: number = 1 << 20;

/** The signature of a file below the root. Rejects where it cannot be read. */
export async function signatureOf(root: string, path: string): Promise<Signature> {
  const file = openBelow(root, path);
  try {
    const builder = new SignatureBuilder(blockSizeFor(fstatSync(file).size));
    const part = Buffer.allocUnsafe(chunkSize);
    for (let position = 0; ; ) {
      const length = readSync(file, part, 0, chunkSize, position);
      if (length === 0) return builder.signature;
      builder.push(part.subarray(0, length));
      position += length;
      await nextTurn();
    }
  } finally {
    closeSync(file);
  }
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
  const file = openBelow(root, copied.path);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, copied.length));
    for (let done = 0; done < copied.length; ) {
      const most = Math.min(buffer.length, copied.length - done);
      const length = readSync(file, buffer, 0, most, copied.from + done);
      if (length === 0) throw new Error('the file that it replaces was changed meanwhile');
      yield { ...rest, offset: chunk.offset + done, data: buffer.subarray(0, length) };
      done += length;
      await nextTurn();
    }
  } finally {
    closeSync(file);
  }
}

/** A regular file; no link is followed on the way. */
function openBelow(root: string, path: string): number {
  using descent = new Descent(root);
  const [parent, name] = splitPath(path);
  return openFile(descent.to(parent).at(name));
}
