/** Writes down how long the test files took in the run that was last: `node test/durations.ts`. What was not run stays. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Shorter files fill the gaps whatever their order. */
const leastSeconds = 5;
const root = join(import.meta.dirname, '..');

interface Report {
  readonly testResults: readonly { name: string; startTime: number; endTime: number; status: string }[];
}

const reports = globSync('build/test-{unit,fault,cluster,third,long-unit,long-cluster}.json', { cwd: root });
const files = reports.flatMap(
  (report) => (JSON.parse(readFileSync(join(root, report), 'utf8')) as Report).testResults,
);
const table = join(root, 'test/support/durations.json');
const known = Object.entries(JSON.parse(readFileSync(table, 'utf8')) as Record<string, number>)
  .map(([path, seconds]) => ({ path, seconds }))
  .filter(({ path }) => existsSync(join(root, path)) && !files.some(({ name }) => name === join(root, path)));
const took = files
  .map(({ name, startTime, endTime }) => ({
    path: relative(root, name).split(sep).join('/'),
    seconds: Math.round((endTime - startTime) / 1000),
  }))
  .filter(({ seconds }) => seconds >= leastSeconds);
const durations = [...took, ...known].sort((a, b) => b.seconds - a.seconds || (a.path < b.path ? -1 : 1));
const written = Object.fromEntries(durations.map(({ path, seconds }) => [path, seconds]));
writeFileSync(table, `${JSON.stringify(written, undefined, 2)}\n`);
