/** A `watch` that goes on without a terminal. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { SyncEnvironment } from './sync-command.ts';

/** How often it is asked whether the watch has started, in milliseconds, and how many times. */
const [pollInterval, maxPolls] = [100, 100];

/** Options that were carried out by the command that starts it; a yes was to what a person could see then. */
const carriedOut = /^--(?:background|take-over|yes)=/;

/** The command line of the one that runs in the background, in the form that contexts have. */
export function withoutTerminal(commandLine: readonly string[]): string[] {
  const end = commandLine.indexOf('--');
  return commandLine.filter((one, index) => index >= end || !carriedOut.test(one));
}

/**
 * Starts the same command again without a terminal. Resolves once it answers; rejects where it does not start.
 *
 * @param file the configuration file whose syncs it runs, where there is one.
 */
export async function watchInBackground(
  context: KubeCommandContext,
  env: SyncEnvironment,
  file?: string,
): Promise<Outcome> {
  const { isServed } = await import('../../control/socket.ts');
  const isRunning = () => isServed(env.workstation.watchSocket(env.kube.cluster.server, file));
  const log = join(env.workstation.folder, 'watch.log');
  const output = openSync(log, 'a', 0o600);
  // A compiled plugin is its own program and sets node's options itself; from sources both are arguments.
  const program = isSea() ? [] : [...process.execArgv, ...process.argv.slice(1, 2)];
  const args = withoutTerminal(context.commandLine);
  const child = spawn(process.execPath, [...program, ...args], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  child.unref();
  for (let poll = 0; poll < maxPolls && child.exitCode === null; poll++) {
    if (await isRunning())
      return {
        data: { pid: child.pid, log },
        text: `Watching (process ${child.pid}), log in ${log}. ${context.binaryName} watch stop ends it.`,
      };
    await context.clock.sleep(pollInterval, context.signal);
  }
  const lastLines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3);
  throw new X8sError('the watch did not start', { details: lastLines, hint: `Its log is ${log}.` });
}
