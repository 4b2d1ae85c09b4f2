/**
 * The hidden `__complete`: arguments and the word being completed in; candidates out, one a line, and a last
 * line `:DIRECTIVE`, as cobra's completions have it. kubectl asks plugins in this way through an executable
 * named `kubectl_complete-<plugin>`.
 */
import { DeadlineExceeded } from '../../async/deadline.ts';
import { limited } from '../../async/until.ts';
import { ExitCode } from '../../errors.ts';
import type { PluginContext } from '../context.ts';
import type { Candidate } from '../declarations.ts';
import type { CommandDefinition } from '../plugin-cli.ts';
import { offersFor } from './offers.ts';

/** cobra's ShellCompDirectiveNoFileComp and ShellCompDirectiveNoSpace. */
const directive = { noFiles: 4, noSpace: 2 };
/** A shell that hangs at Tab is worse than one that offers nothing. */
const answerWithinMs = 2000;

/** Prints candidates; whatever goes wrong, there are just none. Always exit 0. */
export async function complete(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
  context: PluginContext,
): Promise<ExitCode> {
  const word = argv.at(-1) ?? '';
  const offered = await inTime(context, (signal) =>
    offersFor({ before: argv.slice(0, -1), word, commands, context, signal }),
  );
  const fitting = offered.filter(({ value }) => value.startsWith(word));
  const lines = fitting.map(({ value, description }) => (description ? `${value}\t${description}` : value));
  const noSpace = fitting.some(({ continues }) => continues) ? directive.noSpace : 0;
  context.stdout.write([...lines, `:${directive.noFiles + noSpace}`, ''].join('\n'));
  return ExitCode.ok;
}

async function inTime(
  { clock, signal }: PluginContext,
  ask: (signal: AbortSignal) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  const over = new AbortController();
  const asked = ask(AbortSignal.any([signal, over.signal]));
  const late = () => new DeadlineExceeded(`no candidates within ${answerWithinMs} ms`);
  try {
    return await limited(asked, answerWithinMs, late, clock, signal);
  } catch {
    return [];
  } finally {
    over.abort();
  }
}
