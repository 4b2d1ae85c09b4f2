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

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** How a phase ended once its failed files were run again. */
interface Settled {
  readonly counts: Counts;
  /** Tests that failed beside others and passed alone, each a defect to mend. */
  readonly unsteady: readonly string[];
}

/** What of jest's `--json` report is read. */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that could not even be loaded; their tests are in no other number. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** One of jest's projects. */
interface Phase {
  readonly project: 'unit' | 'cluster' | 'third' | 'fault' | 'long';
  readonly workers: number;
}

const unit: Phase = { project: 'unit', workers: 2 };
/** Faults (an API server killed, a link cut) disturb whatever is on the same clusters, and wait most of the time. */
const faults: Phase = { project: 'fault', workers: 1 };
/** The others, and faults of the third cluster, on which nobody else is. */
const onClusters: readonly Phase[] = [
  { project: 'cluster', workers: 4 },
  { project: 'third', workers: 1 },
];

/** What takes many minutes: run by hand, one file after the other. */
const long: Phase = { project: 'long', workers: 1 };

const say = (line: string) => process.stderr.write(`${line}\n`);

/** A phase that was run, among others or alone. */
interface Ran extends JestRun {
  readonly phase: Phase;
}

/** Runs a phase with jest's own output. */
async function runPhase(phase: Phase, patterns: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const { project, workers } = phase;
  return { phase, ...(await runJest(project, project, [`--maxWorkers=${workers}`, ...patterns], env)) };
}

/**
 * Files that failed beside others are run once more, alone: two cores shared with three nodes may be too slow for a
 * test's limits. What fails then has failed; what passes is named in the sum, since a test that needs quiet is a
 * defect.
 */
async function settle(
  { phase: { project }, counts, failedFiles, failedTests }: Ran,
  env: NodeJS.ProcessEnv,
): Promise<Settled> {
  if (failedFiles.length === 0) return { counts, unsteady: [] };
  say(`\nOnce more, alone: ${failedFiles.map((file) => relative(root, file)).join(', ')}`);
  const how = ['--maxWorkers=1', '--runTestsByPath', ...failedFiles];
  const again = await runJest(project, `${project}-again`, how, env);
  const { passed, failed, skipped } = again.counts;
  if (passed + failed + skipped === 0) return { counts, unsteady: [] };
  const unsteady = failedTests.filter((test) => !again.failedTests.includes(test));
  const repaired = Math.max(0, counts.failed - failed);
  return { counts: { ...counts, failed, passed: counts.passed + repaired }, unsteady };
}

async function settleAll(ran: readonly Ran[], env: NodeJS.ProcessEnv): Promise<Settled[]> {
  const all: Settled[] = [];
  for (const one of ran) all.push(await settle(one, env));
  return all;
}

interface JestRun {
  readonly counts: Counts;
  readonly failedFiles: readonly string[];
  /** Each as `file: name`; a file that could not be loaded by its name alone. */
  readonly failedTests: readonly string[];
}

async function runJest(
  project: string,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<JestRun> {
  const report = join(root, 'build', `test-${name}.json`);
  rmSync(report, { force: true });
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  // Real clusters on a busy machine are slow at times; tests that know better say so themselves.
  const limit = `--testTimeout=${project === 'unit' ? 20_000 : 120_000}`;
  const how = ['--selectProjects', project, limit, '--passWithNoTests', '--json', `--outputFile=${report}`];
  const code = await run([...node, ...how, ...args], env);
  const result = resultOf(report);
  // A jest that fails without a failed test (a broken configuration, a crash) must not look like success.
  if (code !== 0 && result.counts.failed === 0) result.counts.failed = 1;
  return result;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    // jest prints its JSON report on stdout too, besides the file: that copy is for nobody.
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function resultOf(file: string): JestRun {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
    const counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
      skipped: report.numPendingTests + report.numTodoTests,
    };
    const failed = report.testResults.filter(({ status }) => status === 'failed');
    return {
      counts,
      failedFiles: failed.map(({ name }) => name),
      failedTests: failed.flatMap(failedTestsOf),
    };
  } catch {
    say(`${file} is missing: jest ended before it could report`);
    return { counts: { passed: 0, failed: 1, skipped: 0 }, failedFiles: [], failedTests: [] };
  }
}

function failedTestsOf({ name, assertionResults }: JestReport['testResults'][number]): string[] {
  const file = relative(root, name);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  return failed.length === 0 ? [file] : failed.map(({ fullName }) => `${file}: ${fullName}`);
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
async function tryToPrepare(): Promise<NodeJS.ProcessEnv | undefined> {
  try {
    return await prepareClusters();
  } catch (error) {
    say(
      `error: tests on clusters could not begin: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
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

/** Unit tests beside the faults, then all the others. */
async function runAll(patterns: readonly string[], clusterOnly: boolean): Promise<Settled[]> {
  if (!clusterOnly) await installForUnits();
  const units = clusterOnly ? [] : [runPhase(unit, patterns, process.env)];
  const env = await tryToPrepare();
  if (env === undefined)
    return [
      ...(await settleAll(await Promise.all(units), process.env)),
      { counts: { passed: 0, failed: 1, skipped: 0 }, unsteady: [] },
    ];
  const first = await Promise.all([...units, runPhase(faults, patterns, env)]);
  const settled = await settleAll(first, env);
  const second = await Promise.all(onClusters.map((phase) => runPhase(phase, patterns, env)));
  return [...settled, ...(await settleAll(second, env))];
}

/** Only what takes many minutes. */
async function runLong(patterns: readonly string[]): Promise<Settled[]> {
  const env = await tryToPrepare();
  if (env === undefined) return [{ counts: { passed: 0, failed: 1, skipped: 0 }, unsteady: [] }];
  return settleAll([await runPhase(long, patterns, env)], env);
}

const { values, positionals } = parseArgs({
  options: { 'cluster-only': { type: 'boolean', default: false }, long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
mkdirSync(join(root, 'build'), { recursive: true });
const all = values.long ? await runLong(positionals) : await runAll(positionals, values['cluster-only']);
const sum = (key: keyof Counts) => all.reduce((total, { counts }) => total + counts[key], 0);
const unsteady = all.flatMap((settled) => settled.unsteady);
if (unsteady.length > 0)
  process.stdout.write(
    `Failed beside others and passed alone, each a defect to mend:\n  ${unsteady.join('\n  ')}\n`,
  );
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
process.exit(sum('failed') === 0 ? 0 : 1);
