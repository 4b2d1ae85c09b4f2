/**
 * All tests: unit tests, then tests on two real clusters with the compiled plugins.
 * `npm test [-- PATTERN…]`, `npm run test:cluster [-- PATTERN…]`. The last line is the sum, alone.
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

/** What of jest's `--json` report is read. */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that could not even be loaded; their tests are in no other number. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}

/**
 * One of jest's projects. Faults (an API server killed, a link cut) disturb others, so they run alone, but for those of
 * the third cluster.
 */
interface Phase {
  readonly project: 'unit' | 'cluster' | 'third' | 'fault';
  readonly workers: number;
}

const unit: Phase = { project: 'unit', workers: 2 };
/** What stands side by side here runs side by side. */
const onClusters: readonly (readonly Phase[])[] = [
  [
    { project: 'cluster', workers: 3 },
    { project: 'third', workers: 1 },
  ],
  [{ project: 'fault', workers: 1 }],
];

const say = (line: string) => process.stderr.write(`${line}\n`);

/**
 * Runs one phase with jest's own output, and resolves with its numbers. Files that fail beside others are run
 * once more, alone: two cores shared with three nodes may be too slow for a test's limits. What fails then has
 * failed; what passes is named, since a test that needs quiet wants mending.
 */
async function runPhase(phase: Phase, patterns: string[], env: NodeJS.ProcessEnv): Promise<Counts> {
  const { project, workers } = phase;
  const first = await runJest(project, `${project}`, [`--maxWorkers=${workers}`, ...patterns], env);
  if (first.failedFiles.length === 0) return first.counts;
  say(`\nOnce more, alone: ${first.failedFiles.map((file) => relative(root, file)).join(', ')}`);
  const again = await runJest(
    project,
    `${project}-again`,
    ['--maxWorkers=1', '--runTestsByPath', ...first.failedFiles],
    env,
  );
  const { passed, failed, skipped } = again.counts;
  const repaired = first.counts.failed - failed;
  if (repaired > 0) say(`${repaired} failed beside others and passed alone`);
  if (passed + failed + skipped === 0) return first.counts;
  return { ...first.counts, failed, passed: first.counts.passed + Math.max(0, repaired) };
}

interface JestRun {
  readonly counts: Counts;
  readonly failedFiles: readonly string[];
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
    return { counts, failedFiles: failed.map(({ name }) => name) };
  } catch {
    say(`${file} is missing: jest ended before it could report`);
    return { counts: { passed: 0, failed: 1, skipped: 0 }, failedFiles: [] };
  }
}

/** Binaries, and two clusters: a person's own where X8S_CONTEXT_A and X8S_CONTEXT_B say so, else the lab's. */
async function prepareClusters(): Promise<NodeJS.ProcessEnv> {
  say('Compiling the plugins (skipped where nothing has changed) …');
  await packagePlugins();
  const PATH = [distOf(hostPlatform), process.env.PATH].join(delimiter);
  if (process.env.X8S_CONTEXT_A && process.env.X8S_CONTEXT_B) return { ...process.env, PATH };
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

async function runOnClusters(patterns: string[]): Promise<Counts[]> {
  try {
    const env = await prepareClusters();
    const counts: Counts[] = [];
    for (const phases of onClusters)
      counts.push(...(await Promise.all(phases.map((phase) => runPhase(phase, patterns, env)))));
    return counts;
  } catch (error) {
    say(
      `error: tests on clusters could not begin: ${error instanceof Error ? error.message : String(error)}`,
    );
    return [{ passed: 0, failed: 1, skipped: 0 }];
  }
}

const { values, positionals } = parseArgs({
  options: { 'cluster-only': { type: 'boolean', default: false } },
  allowPositionals: true,
});
mkdirSync(join(root, 'build'), { recursive: true });
const all: Counts[] = [];
if (!values['cluster-only']) all.push(await runPhase(unit, positionals, process.env));
all.push(...(await runOnClusters(positionals)));
const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
process.exit(sum('failed') === 0 ? 0 : 1);
