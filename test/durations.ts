/** Writes down how long the test files took in the run that was last: `node test/durations.ts`. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Shorter files fill the gaps whatever their order. */
const leastSeconds = 5;
const root = join(import.meta.dirname, '..');

interface Report {
  readonly testResults: readonly { name: string; startTime: number; endTime: number; status: string }[];
}

const reports = globSync('build/test-{unit,fault,cluster,third,long-cluster}.json', { cwd: root });
const files = reports.flatMap(
  (report) => (JSON.parse(readFileSync(join(root, report), 'utf8')) as Report).testResults,
);
const durations = files
  .map(({ name, startTime, endTime }) => ({
    path: relative(root, name).split(sep).join('/'),
    seconds: Math.round((endTime - startTime) / 1000),
  }))
  .filter(({ seconds }) => seconds >= leastSeconds)
  .sort((a, b) => b.seconds - a.seconds || (a.path < b.path ? -1 : 1));
const table = Object.fromEntries(durations.map(({ path, seconds }) => [path, seconds]));
writeFileSync(join(root, 'test/support/durations.json'), `${JSON.stringify(table, undefined, 2)}\n`);
