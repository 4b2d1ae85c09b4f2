/**
 * Files and folders below a root, reached without following any link: each folder is opened within the one before it,
 * so that nobody who writes to the tree meanwhile can lead out of it.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
const slash = 0x2f;

/** The names of a path; undefined where it is none below a root. */
export function namesOf(path: Buffer): Buffer[] | undefined {
  const names: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const found = path.indexOf(slash, start);
    const end = found < 0 ? path.length : found;
    names.push(path.subarray(start, end));
    start = end + 1;
  }
  const isName = (name: Buffer) => !['', '.', '..'].includes(name.toString('latin1')) && !name.includes(0);
  return names.every(isName) ? names : undefined;
}

/** A path to an entry of an open folder, whatever became of the folder's own path. */
export const within = (folder: number, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);

/**
 * Opens a folder below a root; the caller closes it.
 *
 * @param make folders that are missing, which are then nobody else's to look into.
 * @returns the descriptor, and how many folders were made.
 * @throws Error where an entry on the way is no folder, or may not be opened.
 */
export function openFolder(
  root: string,
  names: readonly Buffer[],
  make = false,
): { readonly folder: number; readonly made: number } {
  let folder = openSync(root, O_RDONLY | O_DIRECTORY);
  let made = 0;
  for (const name of names) {
    const path = within(folder, name);
    try {
      if (make && makeFolder(path)) made += 1;
      const next = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      closeSync(folder);
      folder = next;
    } catch (error) {
      closeSync(folder);
      throw error;
    }
  }
  return { folder, made };
}

function makeFolder(path: Buffer): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Opens a regular file below a root to be read; the caller closes it.
 *
 * @throws Error where there is none, or an entry on the way is a link.
 */
export function openFile(root: string, path: Buffer): number {
  const names = namesOf(path);
  const name = names?.pop();
  if (!names || !name) throw new Error('no path below the root');
  const { folder } = openFolder(root, names);
  try {
    const file = openSync(within(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    throw new Error('no regular file');
  } finally {
    closeSync(folder);
  }
}
