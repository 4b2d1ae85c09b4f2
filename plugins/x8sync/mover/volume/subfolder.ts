/** A folder of a volume that is copied in the volume's place: it is found without ever leaving the volume. */
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from './volume-location.ts';

/** Why a folder of a volume can't be used; the message is for the person. */
export class NoSubfolder extends Error {
  /** There is nothing of that name. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** Why a path is none of a folder in a volume; undefined where it is one. */
export function subfolderProblem(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.includes('..')) return "it holds '..'";
  if (parts[0] === '.x8sync') return '.x8sync is where movers keep their own files';
  // From a workstation where it stands between folders it would name another one.
  if (path.includes('\\')) return 'it holds a backslash';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return /[\x00-\x1f]/.test(path) ? 'it holds a control character' : undefined;
}

/**
 * The folder's real path below the volume's root, without a slash at either end; links are followed as long as they
 * stay in the volume.
 *
 * @param volume path at which the volume is mounted.
 * @throws NoSubfolder where it is not there, is no folder, or lies outside.
 */
export function realSubfolder(volume: string, path: string): string {
  requireSound(path);
  const root = realpathSync(volume);
  const real = realpathIn(root, path, path);
  if (!statSync(real).isDirectory()) throw new NoSubfolder(`${path} is no folder`);
  const below = real === root ? '' : real.slice(root === '/' ? 1 : root.length + 1);
  requireSound(below);
  return below;
}

function requireSound(path: string): void {
  const problem = subfolderProblem(path);
  if (problem !== undefined) throw new NoSubfolder(`${path} is not taken: ${problem}`);
}

/** @param asked what the person has named. */
function realpathIn(root: string, path: string, asked: string): string {
  try {
    const real = realpathSync(join(root, path));
    if (isWithin(real, root)) return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new NoSubfolder(`${asked} can't be found there: ${code}`, code === 'ENOENT');
  }
  throw new NoSubfolder(`${asked} leads out of the volume`);
}

/**
 * The same, and makes what is missing of it: no link is followed on the way to a folder that is made.
 *
 * @throws NoSubfolder as well where a folder can't be made.
 */
export function madeSubfolder(volume: string, path: string): string {
  requireSound(path);
  const root = realpathSync(volume);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  let at = root;
  for (const part of parts) {
    const next = join(at, part);
    try {
      mkdirSync(next);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new NoSubfolder(`${path} can't be made: ${code}`);
    }
    at = realpathIn(root, next.slice(root.length), path);
  }
  return realSubfolder(volume, at.slice(root.length));
}
