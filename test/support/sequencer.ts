/** The order in which jest starts test files: the longest first, so that all workers come to their end together. */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Seconds that test files took in a whole run, by their paths from the root; short ones are not in it. */
const durations: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'durations.json'), 'utf8'),
);

/** What of jest's tests is read. */
interface TestFile {
  readonly path: string;
}

/**
 * @param known seconds by path. A file on clusters that is not in it, which is a new one, counts as a minute; any other
 * one is short.
 */
export function longestFirst<T extends TestFile>(files: readonly T[], known = durations): T[] {
  const seconds = (file: T) => {
    const path = relative(root, file.path).split(sep).join('/');
    return known[path] ?? (path.startsWith('test/cluster/') ? 60 : 0);
  };
  return [...files].sort((a, b) => seconds(b) - seconds(a) || (a.path < b.path ? -1 : 1));
}

/** As jest wants it. Its own order goes by a cache, which a clean checkout lacks. */
export default class Sequencer {
  sort<T extends TestFile>(files: readonly T[]): T[] {
    return longestFirst(files);
  }

  /** For `--onlyFailures`, which needs a cache of failures: all of them are run. */
  allFailedTests<T extends TestFile>(files: readonly T[]): readonly T[] {
    return files;
  }

  cacheResults(): void {}
}
