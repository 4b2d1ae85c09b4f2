/** A plugin's main: from the process to one run of one command, and back to an exit code. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../clock.ts';
import { ExitCode, X8sError } from '../../errors.ts';
import { lazyKubeAccess } from '../kube-access.ts';
import type { CommandClass } from '../plugin-cli.ts';
import { commit, type PluginDescription, version } from '../version.ts';
import { runCommandLine } from './run-command-line.ts';
import { handleSignals, type Signals } from './signals.ts';

export interface Plugin extends PluginDescription {
  /** All but `images`, `version`, `completion` and help, which every plugin has. */
  readonly commands: readonly CommandClass[];
}

/**
 * Runs the command that the process was called for and ends the process with its exit code.
 * The one place that touches `process`.
 */
export async function runPlugin({ commands, ...description }: Plugin): Promise<void> {
  // An exit before the command has ended is a failure, also where the event loop ran empty.
  process.exitCode = ExitCode.failed;
  process.once('beforeExit', () => {
    writeSync(2, 'error: stopped before it was finished; this is a bug\n');
  });
  const signals = handleSignals(process);
  handleBrokenOutput(signals);
  handleUncaught(signals);
  const exitCode = await runCommandLine(process.argv.slice(2), commands, {
    plugin: { ...description, version, commit },
    binaryName: binaryNameOf(description.name, process.argv0),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    colorDepth: 1,
    clock: systemClock,
    signal: signals.signal,
    onAbandoned: signals.onAbandoned,
    kubeAccess: lazyKubeAccess(`kubectl-${description.name}/v${version}`),
  });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(exitCode);
}

/** As a kubectl plugin, or run from sources: `kubectl x8sync`; renamed by its owner: that name. */
export function binaryNameOf(name: string, argv0: string): string {
  const base = argv0.replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
  return base === 'node' || base.startsWith('kubectl-') ? `kubectl ${name}` : base;
}

/** Whoever reads stdout has gone (`| head`): nothing more is wanted. */
function handleBrokenOutput(signals: Signals): void {
  process.stdout.on('error', (error) =>
    signals.abort(new X8sError(`writing the output failed: ${error.message}`, { cause: error })),
  );
  // Where nobody reads the messages any more, the work goes on.
  process.stderr.on('error', () => {});
}

/** A bug somewhere: the run still gets the chance to clean up after itself; a second one ends it. */
function handleUncaught(signals: Signals): void {
  const handle = (error: unknown) => {
    if (!signals.signal.aborted)
      return signals.abort(error instanceof Error ? error : new Error(String(error)));
    writeSync(2, `error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(ExitCode.failed);
  };
  process.on('uncaughtException', handle);
  process.on('unhandledRejection', handle);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
