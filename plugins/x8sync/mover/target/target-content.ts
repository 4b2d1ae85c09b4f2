/** What the target holds before a copy: whether anything, and what a forced one would remove. */
import { lstatSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { MoverExit } from '../access/exit.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { cut, LineSplitter } from '../system/lines.ts';
import { run } from '../system/programs.ts';
import { holdsNothing, passedOver, targetTree } from '../volume/tree.ts';

/** So many removals are listed by name; all are counted. The list has to have room for what would be copied. */
const mostTold = 100;
const longestName = 1024;

/** Whether the target holds nothing but what a copy leaves alone; false where that can't be seen. */
export async function isEmpty({ paths }: Pick<Runtime, 'paths'>): Promise<boolean> {
  try {
    return holdsNothing(targetTree(paths));
  } catch {
    return false;
  }
}

/** Owner, mode and time of a folder, as one text to be compared. */
export function rootOf(target: string): string {
  const { uid, gid, mode, mtimeNs } = lstatSync(target, { bigint: true });
  return [uid, gid, mode, mtimeNs].join(' ');
}

/**
 * Tells what a forced copy would remove, folders before what is in them; resolves with how many entries that are.
 *
 * @throws MoverExit where not all of it can be listed.
 */
export async function tellRemovals({ paths, messages, signal }: Runtime): Promise<number> {
  const all = [paths.target, '-xdev', '-mindepth', '1'];
  const args = [...all, ...passedOver(targetTree(paths)), '-printf', '%P\\0'];
  let removed = 0;
  // Names may hold line feeds.
  const names = new LineSplitter(
    (name) => {
      removed += 1;
      if (removed <= mostTold) messages.write('change', { item: '*deleting', name: cut(name, longestName) });
    },
    { ends: /\0/ },
  );
  const { code, stderr } = await run('find', args, { signal, onOutput: (chunk) => names.push(chunk) });
  names.end();
  if (code !== 0) throw new MoverExit('io', `what would be removed could not be listed: ${stderr.trim()}`);
  return removed;
}

/** Stands for the target once all of it would be gone. */
export async function emptyFolder({ paths }: Pick<Runtime, 'paths'>): Promise<string> {
  const path = `${paths.work}/empty`;
  await mkdir(path, { recursive: true });
  return path;
}
