/** Patterns of rsync that mean one path each, and the files that it reads them from. */
import { writeFile } from 'node:fs/promises';

/** A pattern that means just this path: a backslash stands for itself where there is nothing to escape (rsync(1)). */
export function patternOf(path: string): string {
  return /[*?[]/.test(path) ? `/${path.replace(/[\\*?[]/g, '\\$&')}` : `/${path}`;
}

/** Writes patterns into a file; resolves with the options by which rsync leaves out what fits them. */
export async function excludeOptions(patterns: readonly string[], file: string): Promise<string[]> {
  if (patterns.length === 0) return [];
  await writeTerminated(file, patterns);
  return ['--from0', `--exclude-from=${file}`];
}

/** Likewise, with the options by which rsync deletes none of it at the target, and copies it all the same. */
export async function protectOptions(patterns: readonly string[], file: string): Promise<string[]> {
  if (patterns.length === 0) return [];
  await writeTerminated(
    file,
    patterns.map((pattern) => `P ${pattern}`),
  );
  return ['--from0', `--filter=merge ${file}`];
}

const writeTerminated = (file: string, lines: readonly string[]): Promise<void> =>
  writeFile(file, lines.map((line) => `${line}\0`).join(''));
