/** What the target holds before a copy: whether anything, and what a forced one would remove. */
import { lstatSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { cut, LineSplitter } from '../lines.ts';
import type { Machine } from '../machine.ts';
import { folderName } from '../places.ts';
import { run } from '../programs.ts';
import { Ending } from './ending.ts';

/** So many removals are told by name; all are counted. What would be copied is to be told beside them. */
const mostTold = 100;
const longestName = 1024;

/** What a copy neither touches nor counts. */
const kept: readonly string[] = [folderName, 'lost+found'];

/** Whether the target holds nothing but what a copy leaves alone; false where that can't be seen. */
export async function isEmpty({ places }: Pick<Machine, 'places'>): Promise<boolean> {
  try {
    return (await readdir(places.target)).every((name) => kept.includes(name));
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
 * @throws Ending where not all of it can be listed.
 */
export async function tellRemovals({ places, voice, signal }: Machine): Promise<number> {
  const left = kept.flatMap((name, index) => [
    ...(index > 0 ? ['-o'] : []),
    '-path',
    `${places.target}/${name}`,
  ]);
  const args = [
    places.target,
    '-xdev',
    '-mindepth',
    '1',
    '(',
    ...left,
    ')',
    '-prune',
    '-o',
    '-printf',
    '%P\\0',
  ];
  let removed = 0;
  // Names may hold line feeds.
  const names = new LineSplitter(
    (name) => {
      removed += 1;
      if (removed <= mostTold) voice.tell('change', { item: '*deleting', name: cut(name, longestName) });
    },
    { ends: /\0/ },
  );
  const { code, stderr } = await run('find', args, { signal, onOutput: (chunk) => names.push(chunk) });
  names.end();
  if (code !== 0) throw new Ending('io', `what would be removed could not be listed: ${stderr.trim()}`);
  return removed;
}

/** Stands for the target once all of it would be gone. */
export async function emptyFolder({ places }: Pick<Machine, 'places'>): Promise<string> {
  const path = `${places.work}/empty`;
  await mkdir(path, { recursive: true });
  return path;
}
