/** One command's run, from its context to its exit code. */
import { InterruptedError, TimeoutError } from '../errors.ts';
import { askPassword } from '../ui/ask-password.ts';
import { confirm } from '../ui/confirm.ts';
import { createReporter } from '../ui/create-reporter.ts';
import { formatDuration } from '../ui/format.ts';
import type { Reporter } from '../ui/reporter.ts';
import { canRedraw, createStyle, wantsColor } from '../ui/style.ts';
import type { CommandContext, PluginContext } from './context.ts';
import { isDocument, type Outcome, type OutputFormat, Printer } from './output.ts';
import { describeError, failureOf, renderFailure } from './render-error.ts';
import { failureWithKubeconfig, printedWithKubeconfig } from './same-kubeconfig.ts';

/** A command's context, and how to let go of what it holds. */
export interface Opened<C> {
  readonly context: C;
  close(): Promise<void>;
}

/** What of a command its run needs: the options that every command has, its work, and the context for that. */
export interface Executable<C extends CommandContext> {
  readonly context: PluginContext;
  readonly output: OutputFormat | undefined;
  /** Milliseconds; none where absent. */
  readonly timeout: number | undefined;
  readonly verbose: boolean;
  readonly noColor: boolean;
  /** `--kubeconfig`, of commands that talk to clusters. */
  readonly kubeconfig?: string | undefined;
  open(base: CommandContext): Opened<C>;
  run(context: C): Promise<Outcome | undefined>;
}

/** Runs it, prints what it returns, shows what it throws; resolves with the exit code and never rejects. */
export async function executeCommand<C extends CommandContext>(command: Executable<C>): Promise<number> {
  const { context, output, verbose } = command;
  const color = !command.noColor && wantsColor(context.stderr, context.env);
  const printer = new Printer(context, output);
  const limit = timeLimit(context.signal, command.timeout);
  const typed = { kubeconfig: command.kubeconfig, binaryName: context.binaryName };
  const fail = async (error: unknown) => {
    const failure = failureWithKubeconfig(failureOf(error, limit.signal), typed);
    if (isDocument(output) && !printer.printed) await printer.document({ error: describeError(failure) });
    context.stderr.write(
      renderFailure(failure, { plugin: context.plugin, style: createStyle(color), verbose }),
    );
    return failure.exitCode;
  };
  try {
    const outcome = await runCommand(command, { color, printer, signal: limit.signal });
    const text = outcome.text && printedWithKubeconfig(outcome.text, typed);
    await printer.outcome({ ...outcome, text });
    return outcome.error ? await fail(outcome.error) : (outcome.exitCode ?? 0);
  } catch (error) {
    return await fail(error);
  } finally {
    limit.stop();
  }
}

interface Run {
  readonly color: boolean;
  readonly printer: Printer;
  readonly signal: AbortSignal;
}

async function runCommand<C extends CommandContext>(
  command: Executable<C>,
  { color, printer, signal }: Run,
): Promise<Outcome> {
  const { stdin, stdout, stderr, env, clock, plugin, binaryName, onAbandoned } = command.context;
  const { commandLine = [] } = command.context;
  const { verbose, output, noColor } = command;
  const reporter = createReporter({
    stream: stderr,
    live: canRedraw(stderr, env),
    color,
    verbose,
    quiet: isDocument(output) || output === 'name',
    clock,
  });
  tellInterruption(signal, reporter);
  const { context, close } = command.open({
    plugin,
    binaryName,
    commandLine,
    env,
    reporter,
    clock,
    signal,
    output,
    style: createStyle(!noColor && wantsColor(stdout, env)),
    event: (data, text) => printer.event(data, text),
    dashboard: () => (stdin.isTTY ? reporter.openDashboard?.(stdin) : undefined),
    confirm: (question, about = []) => confirm(question, { input: stdin, output: stderr, signal, about }),
    password: (question) => askPassword(question, { input: stdin, output: stderr, signal }),
    onAbandoned,
  });
  try {
    return (await command.run(context)) ?? {};
  } finally {
    await close();
  }
}

/** Cleaning up takes a moment; who pressed Ctrl-C should know that it was heard. */
function tellInterruption(signal: AbortSignal, reporter: Reporter): void {
  const tell = () => {
    if (signal.reason instanceof InterruptedError)
      reporter.info('Interrupted: finishing up. Once more to stop at once.');
  };
  signal.addEventListener('abort', tell, { once: true });
}

/** A signal that is also aborted after so many milliseconds; 0 or nothing means never. */
function timeLimit(signal: AbortSignal, ms: number | undefined): { signal: AbortSignal; stop(): void } {
  if (!ms) return { signal, stop: () => {} };
  const controller = new AbortController();
  const timer = setTimeout(
    () =>
      controller.abort(
        new TimeoutError(`not done within ${formatDuration(ms)}`, {
          hint: 'a longer --timeout gives it more',
        }),
      ),
    ms,
  );
  return { signal: AbortSignal.any([signal, controller.signal]), stop: () => clearTimeout(timer) };
}
