/** How large a file of the target can be, tried out with one that holds nothing. */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** FAT's limit: what is no larger is not tried out, since FAT fills up to the size at once. */
const takenByAll = 2 ** 32 - 1;
/**
 * What is tried where nobody knows the largest file: a little less than ext4 takes, so that only a file system that takes
 * less has the source look at all its files.
 */
const tryUnknown = 2 ** 44 - 2 ** 32;
/** No room is another matter: the file may be there already, and how much room is needed is looked at by itself. */
const tooLargeCodes: readonly string[] = ['EFBIG', 'EINVAL'];

/**
 * The most bytes that one file there may have, where the source's largest file has more or that is not known; undefined
 * where there is no such limit.
 *
 * @param folder where it is tried out
 * @param largest bytes of the source's largest file; undefined where they are not known
 */
export function fileBytesOf(folder: string, largest: number | undefined): number | undefined {
  const wanted = Math.min(largest ?? tryUnknown, Number.MAX_SAFE_INTEGER);
  if (wanted <= takenByAll) return undefined;
  const path = join(folder, 'size');
  const file = openSync(path, 'wx');
  try {
    return takes(file, wanted) ? undefined : mostTaken(file, wanted);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

function mostTaken(file: number, refused: number): number {
  let [fitting, tooLarge] = [takenByAll, refused];
  while (tooLarge - fitting > 1) {
    const middle = fitting + Math.floor((tooLarge - fitting) / 2);
    if (takes(file, middle)) fitting = middle;
    else tooLarge = middle;
  }
  return fitting;
}

function takes(file: number, bytes: number): boolean {
  try {
    ftruncateSync(file, bytes);
    return true;
  } catch (error) {
    return !tooLargeCodes.includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
