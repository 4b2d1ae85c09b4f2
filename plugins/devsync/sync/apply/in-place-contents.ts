/** What a file is that was being written in place: compared with what it was and with what it was to become. */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { nextTurn } from '../../../../src/async/next-turn.ts';
import { chunkSize, openFile } from '../scan/digest.ts';

/** What a file is: all of one content, a mixture of both, or something else. */
export type Likeness = 'old' | 'new' | 'mixed' | 'other';

/**
 * Compares a file with two contents. An interrupted write explains each byte that is that of one of them at its place;
 * anything else was written by somebody else.
 *
 * @param file an open file. @param old @param wanted paths of whole contents.
 */
export async function likenessOf(file: number, old: string, wanted: string): Promise<Likeness> {
  const before = openFile(old);
  const after = openFile(wanted);
  try {
    const [length, had, wants] = [sizeOf(file), sizeOf(before), sizeOf(after)];
    if (length < Math.min(had, wants) || length > Math.max(had, wants)) return 'other';
    let [isOld, isNew] = [length === had, length === wants];
    for (let position = 0; position < length; position += chunkSize) {
      const [found, one, other] = [read(file, position), read(before, position), read(after, position)];
      isOld &&= found.equals(one);
      isNew &&= found.equals(other);
      if (!isOld && !isNew && !isMixture(found, one, other)) return 'other';
      await nextTurn();
    }
    if (isNew) return 'new';
    return isOld ? 'old' : 'mixed';
  } finally {
    closeSync(before);
    closeSync(after);
  }
}

const sizeOf = (fd: number): number => fstatSync(fd).size;

/** Whether each byte is that of one or of the other content at its place. */
export function isMixture(found: Uint8Array, one: Uint8Array, other: Uint8Array): boolean {
  return found.every((byte, index) => byte === one[index] || byte === other[index]);
}

/**
 * Makes an open file what another one is. What is longer than before comes first: where there is no room for it, the
 * file becomes what it was, and nothing has been overwritten.
 *
 * @param from the path of the content. @param onOverwrite called before the first byte is overwritten.
 */
export async function copyInto(file: number, from: string, onOverwrite: () => void): Promise<void> {
  const source = openFile(from);
  try {
    const [had, wanted] = [sizeOf(file), sizeOf(source)];
    try {
      await copyRange(file, source, had, wanted);
    } catch (error) {
      ftruncateSync(file, had);
      throw error;
    }
    onOverwrite();
    await copyRange(file, source, 0, Math.min(had, wanted));
    if (wanted < had) ftruncateSync(file, wanted);
  } finally {
    closeSync(source);
  }
}

async function copyRange(to: number, from: number, start: number, end: number): Promise<void> {
  for (let position = start; position < end; ) {
    if (position > start) await nextTurn();
    const data = read(from, position, end);
    if (data.length === 0) throw new Error('its content is shorter than it was');
    for (let done = 0; done < data.length; )
      done += writeSync(to, data, done, data.length - done, position + done);
    position += data.length;
  }
}

function read(fd: number, position: number, end = Number.POSITIVE_INFINITY): Buffer {
  const data = Buffer.allocUnsafe(Math.min(chunkSize, end - position));
  let length = 0;
  for (let got = -1; got !== 0 && length < data.length; length += got)
    got = readSync(fd, data, length, data.length - length, position + length);
  return data.subarray(0, length);
}
