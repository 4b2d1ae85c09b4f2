/** Tries out what a file system can do, and reads and writes small files of ours on it. */
import { chmodSync, lstatSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import type { EndpointFacts } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';
import { readWhole } from '../scan/digest.ts';

/**
 * Whether each change of a file that was looked at meanwhile shows in its time, however soon it comes (Linux since
 * 6.13): by a clock that ticks, several changes in a row would bear the same.
 */
export function isPrecise(folder: Folder): boolean {
  const probe = folder.at('Probe');
  const times = Array.from({ length: 5 }, () => {
    writeOwn(folder, 'Probe', 'x');
    const first = lstatSync(probe).mtimeMs;
    writeFileSync(probe, 'y');
    return lstatSync(probe).mtimeMs > first;
  });
  rmSync(probe);
  return times.every((differs) => differs);
}

/**
 * Tries out what the file system does.
 *
 * @param aside a folder of ours on it that nobody else works in.
 */
export function factsOf(aside: Folder): Pick<EndpointFacts, 'foldsNames' | 'hasModes' | 'freeBytes'> {
  const probe = aside.at('Probe');
  writeOwn(aside, 'Probe', '');
  const hasModes = machine.platform !== 'win32' && [0o755, 0o600].every((mode) => takesMode(probe, mode));
  const foldsNames = lstatSync(aside.at('pROBE'), { throwIfNoEntry: false }) !== undefined;
  rmSync(probe);
  const { bavail, bsize } = statfsSync(aside.path);
  return { foldsNames, hasModes, freeBytes: bavail * bsize };
}

/** Whether a file is executable for all or for nobody, as it is told to be. Some file systems refuse that, others do nothing. */
function takesMode(file: string, mode: number): boolean {
  try {
    chmodSync(file, mode);
  } catch {
    return false;
  }
  return (lstatSync(file).mode & 0o111) === (mode & 0o111);
}

/**
 * Whether a directory finds a name in the other case, too, which ext4 and NTFS know of each directory by itself: told
 * by what is in it.
 *
 * @param inodeOf of what is found under a name.
 */
export function findsOtherCase(
  names: readonly string[],
  inodeOf: (name: string) => number | undefined,
): boolean {
  for (const name of names) {
    const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
    const inode = inodeOf(name);
    if (other !== name && inode !== undefined && !names.includes(other)) return inodeOf(other) === inode;
  }
  return false;
}

export function decomposes(folder: Folder): boolean {
  const name = 'Probe-\u00e9';
  writeOwn(folder, name, '');
  const isThere = readdirSync(folder.path).includes(name);
  rmSync(folder.at(name), { force: true });
  return !isThere;
}

/** What a file of ours says; undefined where there is none. A link in its place is not followed. */
export function readOwn(folder: Folder, name: string): string | undefined {
  try {
    return readWhole(folder.at(name)).toString().trim();
  } catch {
    return undefined;
  }
}

/** Writes a file of ours anew; a link that was put in its place is not followed. */
export function writeOwn(folder: Folder, name: string, text: string): void {
  rmSync(folder.at(name), { force: true });
  writeFileSync(folder.at(name), text, { flag: 'wx', mode: 0o600 });
}
