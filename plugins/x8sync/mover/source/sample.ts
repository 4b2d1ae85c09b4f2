/** How well the source's content compresses, by a sample of it. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { constants, zstdCompressSync } from 'node:zlib';
import { openFile } from '../ranges/below.ts';
import { pullLines } from '../system/programs.ts';
import type { CopiedTree } from '../volume/tree.ts';
import { treeFiles } from './walk.ts';

/** Of so many files that a walk comes upon first, every one that the next number divides is looked at. */
const mostWalked = 4000;
const step = 40;
const chunkBytes = 64 << 10;
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What remains of each byte: 1 where nothing is gained, and where there is nothing to look at. */
export async function compressedShare(tree: CopiedTree): Promise<number> {
  const stop = new AbortController();
  const sum = { before: 0, after: 0 };
  let walked = 0;
  const take = (path: string) => {
    if (walked % step === 0) addSample(tree.root, Buffer.from(path, 'latin1'), sum);
    walked += 1;
    if (walked >= mostWalked) stop.abort(new Error('enough'));
    return undefined;
  };
  try {
    await pullLines('find', treeFiles(tree), take, { signal: stop.signal, encoding: 'latin1', ends: /\0/ });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return sum.before === 0 ? 1 : Math.round((sum.after / sum.before) * 100) / 100;
}

const middleOf = (file: number): number => Math.max(0, Math.floor((fstatSync(file).size - chunkBytes) / 2));

/** Looks into the middle of a file: beginnings are headers more often than not. */
function addSample(source: string, path: Buffer, sum: { before: number; after: number }): void {
  try {
    const file = openFile(source, path);
    try {
      const buffer = Buffer.alloc(chunkBytes);
      const length = readSync(file, buffer, 0, chunkBytes, middleOf(file));
      sum.before += length;
      sum.after += Math.min(length, zstdCompressSync(buffer.subarray(0, length), level).length);
    } finally {
      closeSync(file);
    }
  } catch {
    // It went meanwhile, or may not be read.
  }
}
