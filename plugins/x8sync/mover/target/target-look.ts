/** What can be seen of a target that nothing is written to. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepsAll, type TargetTraits } from './target-traits.ts';

/** The traits of a target as far as they show without a write; all else is taken for kept, and is not known. */
export function observeTarget(target: string): TargetTraits {
  return { ...keepsAll, caseless: isCaseless(target) === true };
}

/** Whether a folder finds its entries under names of another case; undefined where it has none that could tell. */
export function isCaseless(folder: string): boolean | undefined {
  const names = new Set(readdirSync(folder));
  for (const name of names) {
    const other = swapCase(name);
    if (other === name) continue;
    // Where both are listed, they are two.
    return !names.has(other) && lstatSync(join(folder, other), { throwIfNoEntry: false }) !== undefined;
  }
  return undefined;
}

const swapCase = (name: string): string =>
  name.replace(/[A-Za-z]/g, (letter) => {
    const upper = letter.toUpperCase();
    return upper === letter ? letter.toLowerCase() : upper;
  });
