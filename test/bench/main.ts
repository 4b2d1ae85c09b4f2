/**
 * `npm run bench -- SUITE… [--json FILE]`: medians and ratios as a table, and as JSON.
 * A suite is a file beside this one that exports `measure`. Exit 1 where a limit is not kept.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable, table } from '../../src/cli/table.ts';
import { evaluate, type Measurement, type Result } from './measurement.ts';

const suites = ['startup', 'x8sync', 'x8sync-far', 'nsreplicate', 'devsync'] as const;

async function measure(suite: string): Promise<Result[]> {
  const file = join(import.meta.dirname, `${suite}.ts`);
  if (!existsSync(file)) throw new Error(`no benchmark ${suite} yet`);
  const { measure } = (await import(file)) as { measure: () => Promise<Measurement[]> };
  return evaluate(await measure());
}

const figure = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function render(results: readonly Result[]): string {
  const columns = [
    { header: 'WHAT', value: ({ name }: Result) => name },
    { header: 'MEDIAN', value: ({ median, unit }: Result) => `${figure(median)} ${unit}` },
    { header: 'MIN', value: ({ min }: Result) => figure(min) },
    { header: 'MAX', value: ({ max }: Result) => figure(max) },
    { header: 'RUNS', value: ({ runs }: Result) => String(runs) },
    { header: 'RATIO', value: ({ ratio }: Result) => (ratio === undefined ? '-' : ratio.toFixed(2)) },
    { header: 'LIMIT', value: ({ limit = '-' }: Result) => limit },
    { header: 'KEPT', value: ({ limit, kept }: Result) => (limit === undefined ? '-' : kept ? 'yes' : 'NO') },
  ];
  return renderTable(table(results, columns, 'Nothing measured.'), { wide: false });
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !suites.some((suite) => suite === name));
if (positionals.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: npm run bench -- ${suites.join('|')} [--json FILE]\n`);
  process.exit(2);
}
const machine = {
  platform: platform(),
  arch: arch(),
  cpus: cpus().length,
  model: cpus()[0]?.model,
  totalmem: totalmem(),
};
const report: Record<string, Result[]> = {};
for (const suite of positionals) {
  report[suite] = await measure(suite);
  process.stdout.write(`${suite}\n${render(report[suite])}\n`);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, suites: report }, undefined, 2)}\n`);
process.exitCode = Object.values(report)
  .flat()
  .every(({ kept }) => kept)
  ? 0
  : 1;
