/** The base classes of all commands. */
import { Command } from 'clipanion';
import type { CommandContext, PluginContext } from './context.ts';
import { executeCommand, type Opened } from './execute.ts';
import { option } from './options.ts';
import type { Outcome, OutputFormat } from './output.ts';

/** Heading in help for what every command takes. */
export const globalGroup = 'Global options';

/** Which formats `-o` takes is for each command to say: `override output = outputOption('json', 'wide')`. */
export function outputOption(...formats: OutputFormat[]): OutputFormat | undefined {
  return option.choice('-o,--output', formats, { description: 'Output format.', group: globalGroup });
}

/** A command: declares its options as fields and does its work in `run`. */
export abstract class BaseCommand<C extends CommandContext = CommandContext> extends Command<PluginContext> {
  output: OutputFormat | undefined = outputOption('json', 'yaml');
  /** A command with a time limit declares it as an `option.duration`; it is kept here (exit 124). */
  timeout: number | undefined = undefined;
  verbose: boolean = option.flag('-v,--verbose', {
    description: 'Say more about what is done; show the stack of an unexpected error.',
    group: globalGroup,
  });
  noColor: boolean = option.flag('--no-color', {
    description: 'No colours; NO_COLOR in the environment does the same.',
    group: globalGroup,
  });

  /** Does the work. What it returns is printed; what it throws is shown and decides the exit code. */
  abstract run(context: C): Promise<Outcome | undefined>;

  /** Makes the context that `run` is handed. */
  abstract open(base: CommandContext): Opened<C>;

  /** Called by the runner; resolves with the exit code and never rejects. */
  override execute(): Promise<number> {
    return executeCommand(this);
  }
}

/** A command that never talks to a cluster. */
export abstract class LocalCommand extends BaseCommand {
  override open(context: CommandContext): Opened<CommandContext> {
    return { context, close: async () => {} };
  }
}
