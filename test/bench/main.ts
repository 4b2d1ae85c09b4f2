/**
 * `npm run bench -- SUITE [ROW…] … [--json FILE]`: medians and ratios as a table, and as JSON.
 * A suite is a file beside this one that exports `measure`, or `rows`, each of which runs alone and is shown as soon as it
 * is done; those of its `byHand` only where they are named. Exit 1 where a limit is not kept.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable, table } from '../../src/cli/table.ts';
import { evaluate, type Measurement, type Result } from './measurement.ts';

const suites = ['startup', 'x8sync', 'nsreplicate', 'devsync'] as const;

type Measure = () => Promise<Measurement[]>;

interface Suite {
  readonly rows: Readonly<Record<string, Measure>>;
  /** Rows that take so long that only who names them runs them. */
  readonly byHand: readonly string[];
}

/** The rows of a suite by name; one that has none is one row of its own name. */
async function load(suite: string): Promise<Suite> {
  const file = join(import.meta.dirname, `${suite}.ts`);
  if (!existsSync(file)) throw new Error(`no benchmark ${suite} yet`);
  const {
    measure,
    rows,
    byHand = [],
  } = (await import(file)) as Partial<Suite> & {
    readonly measure?: Measure;
  };
  return { rows: rows ?? (measure ? { [suite]: measure } : {}), byHand };
}

/** Measures the rows that are chosen, all that are not by hand where none is, and shows each as soon as it is done. */
async function measure(suite: string, chosen: readonly string[]): Promise<Result[]> {
  const { rows, byHand } = await load(suite);
  const unknown = chosen.filter((row) => !Object.hasOwn(rows, row));
  if (unknown.length > 0) usage(`${suite} has ${Object.keys(rows).join(', ')}, and no ${unknown.join(', ')}`);
  const results: Result[] = [];
  for (const [row, run] of Object.entries(rows)) {
    if (chosen.length > 0 ? !chosen.includes(row) : byHand.includes(row)) continue;
    const found = evaluate(await run());
    process.stdout.write(`${row === suite ? suite : `${suite} ${row}`}\n${render(found)}\n`);
    results.push(...found);
  }
  return results;
}

function usage(problem: string): never {
  process.stderr.write(`${problem}\nusage: npm run bench -- ${suites.join('|')} [ROW…] [--json FILE]\n`);
  process.exit(2);
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
/** Rows that were named after each suite. */
const chosen = new Map<string, string[]>();
for (const name of positionals) {
  if (suites.some((suite) => suite === name)) chosen.set(name, chosen.get(name) ?? []);
  else ([...chosen.values()].at(-1) ?? usage(`there is no suite ${name}`)).push(name);
}
if (chosen.size === 0) usage('no suite is named');
const machine = {
  platform: platform(),
  arch: arch(),
  cpus: cpus().length,
  model: cpus()[0]?.model,
  totalmem: totalmem(),
};
const report: Record<string, Result[]> = {};
for (const [suite, rows] of chosen) report[suite] = await measure(suite, rows);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, suites: report }, undefined, 2)}\n`);
process.exitCode = Object.values(report)
  .flat()
  .every(({ kept }) => kept)
  ? 0
  : 1;
