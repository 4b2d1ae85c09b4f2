/**
 * All tests: unit tests, then tests on two real clusters with the compiled plugins.
 * `npm test [-- PATTERN…]`, `npm run test:cluster [-- PATTERN…]`, `npm run test:long [-- PATTERN…]`. The last line is the sum, alone.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/build.ts';
import { hostPlatform } from '../scripts/node-binaries.ts';
import { distOf, packagePlugins } from '../scripts/package.ts';
import {
  type Exit,
  failedFilesOf,
  type JestReport,
  outcomeOf,
  type RunOutcome,
  type Settled,
  settled,
  sumOf,
} from './support/outcome.ts';
import { slowness } from './support/slowness.ts';

/** One of jest's projects. */
interface Phase {
  readonly project: 'unit' | 'cluster' | 'third' | 'fault' | 'long-unit' | 'long-cluster' | 'long';
  readonly workers: number;
  /** Concurrent tests of one file; jest.config.js says how many where this does not. */
  readonly concurrency?: number;
}

/** More than there are processors: those that run real programs wait a third of the time. */
const unit: Phase = { project: 'unit', workers: 3 };
/** Faults (an API server killed, a link cut) disturb whatever is on the same clusters, and wait most of the time. */
const faults: Phase = { project: 'fault', workers: 1 };
const say = (line: string) => process.stderr.write(`${line}\n`);

// Measured before anything else is at work.
const isSlow = slowness() > 2;
/** Longest time for a test or a hook that does not say so itself, in milliseconds; jest.config.js has that of unit tests. */
const clusterLimitMs = Math.round(300_000 * slowness());

/**
 * How many at once of those that wait for pods most of the time. Where starting a process takes long, as it does on some
 * virtual machines, they do not wait but want the processors: as many at once would only run into their time limits.
 */
const together = isSlow ? { workers: 3, concurrency: 2 } : { workers: 4 };
/** The others, and faults of the third cluster, on which nobody else is. */
const onClusters: readonly Phase[] = [
  { project: 'cluster', ...together },
  { project: 'third', workers: 1 },
];
/** Unit tests that `npm test` has no time for, and all cases of those of which it tries a part. */
const longUnit: Phase = { project: 'long-unit', workers: 2 };
/** What takes many minutes, and is run by hand: more of the others, and what wants the clusters or the machine alone. */
const long: readonly Phase[] = [
  { project: 'long-cluster', ...together },
  { project: 'long', workers: 1 },
];

/** A phase that was run. */
interface Ran {
  readonly phase: Phase;
  readonly outcome: RunOutcome;
}

/** Runs a phase with jest's own output. */
async function runPhase(phase: Phase, patterns: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const { project, workers, concurrency } = phase;
  const concurrent = concurrency === undefined ? [] : [`--maxConcurrency=${concurrency}`];
  const args = [`--maxWorkers=${workers}`, ...concurrent, ...patterns];
  return { phase, outcome: await runJest(project, project, args, env) };
}

/**
 * Files that failed beside others are run once more, each alone: two cores shared with three nodes may be too slow for
 * a test's limits. What fails then has failed; what passes is named in the sum, since a test that needs quiet is a
 * defect.
 */
async function settle({ phase: { project }, outcome }: Ran, env: NodeJS.ProcessEnv): Promise<Settled> {
  const again: RunOutcome[] = [];
  for (const file of failedFilesOf(outcome)) {
    const short = relative(root, file);
    say(`\nOnce more, alone: ${short}`);
    const name = `${project}-again-${again.length + 1}`;
    again.push(await runJest(project, name, ['--maxWorkers=1', '--runTestsByPath', file], env));
  }
  return settled(outcome, again);
}

async function settleAll(ran: readonly Ran[], env: NodeJS.ProcessEnv): Promise<Settled[]> {
  const all: Settled[] = [];
  for (const one of ran) all.push(await settle(one, env));
  return all;
}

/** Runs jest once. @param name of this run, of which its report is called */
async function runJest(
  project: string,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<RunOutcome> {
  const report = join(root, 'build', `test-${name}.json`);
  rmSync(report, { force: true });
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const limit = project.endsWith('unit') ? [] : [`--testTimeout=${clusterLimitMs}`];
  const how = [
    '--selectProjects',
    project,
    ...limit,
    '--passWithNoTests',
    '--json',
    `--outputFile=${report}`,
  ];
  const exit = await run([...node, ...how, ...args], env);
  return outcomeOf(name, readReport(report), exit, (path) => relative(root, path));
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Exit> {
  return new Promise((resolve, reject) => {
    // jest prints its JSON report on stdout too, besides the file: that copy is for nobody.
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** A jest that ended early has written no report, or half of one. */
function readReport(file: string): JestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const hasOwnClusters = (): boolean => !!process.env.X8S_CONTEXT_A && !!process.env.X8S_CONTEXT_B;

/** Binaries, and two clusters: a person's own where X8S_CONTEXT_A and X8S_CONTEXT_B say so, else the lab's. */
async function prepareClusters(): Promise<NodeJS.ProcessEnv> {
  say('Compiling the plugins (skipped where nothing has changed) …');
  await packagePlugins();
  const PATH = [distOf(hostPlatform), process.env.PATH].join(delimiter);
  if (hasOwnClusters()) return { ...process.env, PATH };
  const { ensureUp, labKubeconfigPath } = await import('./lab/index.ts');
  say('Bringing the lab up (two real clusters; minutes on a new machine, seconds afterwards) …');
  await ensureUp();
  return {
    ...process.env,
    PATH,
    X8S_KUBECONFIG: labKubeconfigPath(),
    X8S_CONTEXT_A: 'lab-a',
    X8S_CONTEXT_B: 'lab-b',
  };
}

/** The clusters, where they can be had: what runs on them needs this environment. */
async function tryToPrepare(): Promise<{ readonly env: NodeJS.ProcessEnv } | { readonly failure: Settled }> {
  try {
    return { env: await prepareClusters() };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    say(`error: tests on clusters could not begin: ${cause}`);
    return { failure: settled({ files: [], broken: `tests on clusters could not begin: ${cause}` }) };
  }
}

/**
 * Unit tests run the mover with the machine's own rsync, sshd and file systems, so these have to be there first. Where
 * the tests' clusters are a person's own, nothing is installed, and what needs them is skipped.
 */
async function installForUnits(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || hasOwnClusters()) return;
  const { installPackages } = await import('./lab/packages.ts');
  await installPackages().catch((error: unknown) =>
    say(`Debian packages could not be installed: ${error instanceof Error ? error.message : String(error)}`),
  );
}

/**
 * Unit tests beside faults, which wait most of the time; the others on clusters when both are done, as they want the
 * processors themselves. Second runs when all is quiet.
 */
async function runAll(patterns: readonly string[], clusterOnly: boolean): Promise<Settled[]> {
  if (!clusterOnly) await installForUnits();
  const units = clusterOnly ? [] : [runPhase(unit, patterns, process.env)];
  const clusters = await tryToPrepare();
  if ('failure' in clusters)
    return [...(await settleAll(await Promise.all(units), process.env)), clusters.failure];
  const { env } = clusters;
  const first = await Promise.all([...units, runPhase(faults, patterns, env)]);
  const others = await Promise.all(onClusters.map((phase) => runPhase(phase, patterns, env)));
  return settleAll([...first, ...others], env);
}

/** Only what takes many minutes. */
async function runLong(patterns: readonly string[]): Promise<Settled[]> {
  await installForUnits();
  const ran = [await runPhase(longUnit, patterns, process.env)];
  const clusters = await tryToPrepare();
  if ('failure' in clusters) return [...(await settleAll(ran, process.env)), clusters.failure];
  for (const phase of long) ran.push(await runPhase(phase, patterns, clusters.env));
  return settleAll(ran, clusters.env);
}

const { values, positionals } = parseArgs({
  options: { 'cluster-only': { type: 'boolean', default: false }, long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
mkdirSync(join(root, 'build'), { recursive: true });
const all = values.long ? await runLong(positionals) : await runAll(positionals, values['cluster-only']);
process.stdout.write(`${sumOf(all)}\n`);
process.exit(all.every(({ counts }) => counts.failed === 0) ? 0 : 1);
