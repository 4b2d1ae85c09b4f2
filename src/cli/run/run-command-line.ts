/** One command line: help, completion, a command, or what is wrong with it. */
import { Cli } from 'clipanion';
import { ExitCode } from '../../errors.ts';
import { createStyle, wantsColor } from '../../ui/style.ts';
import type { BaseCommand } from '../base-command.ts';
import { complete } from '../completion/complete.ts';
import { CompletionCommand } from '../completion/completion-command.ts';
import { InstallCompletionCommand } from '../completion/install-command.ts';
import type { PluginContext } from '../context.ts';
import { renderCommandHelp, renderPluginHelp } from '../help.ts';
import { commandFor, parseArguments, unknownCommand } from '../parse-arguments.ts';
import { type CommandClass, type CommandDefinition, PluginCli } from '../plugin-cli.ts';
import { failureOf, renderFailure } from '../render-error.ts';
import { scanArguments } from '../scan-arguments.ts';
import { formatVersion } from '../version.ts';
import { definitionsOf } from './definitions.ts';
import { ImagesCommand } from './images-command.ts';
import { VersionCommand } from './version-command.ts';

/** Resolves with the exit code and never rejects. */
export async function runCommandLine(
  argv: readonly string[],
  commandClasses: readonly CommandClass[],
  context: PluginContext,
): Promise<number> {
  try {
    return await dispatch(argv, commandClasses, context);
  } catch (error) {
    const style = createStyle(wantsColor(context.stderr, context.env));
    const failure = failureOf(error, context.signal);
    const verbose = argv.includes('--verbose') || argv.includes('-v');
    context.stderr.write(renderFailure(failure, { plugin: context.plugin, style, verbose }));
    return failure.exitCode;
  }
}

async function dispatch(
  argv: readonly string[],
  commandClasses: readonly CommandClass[],
  context: PluginContext,
): Promise<number> {
  const { binaryName, plugin } = context;
  if (argv.length === 1 && argv[0] === '--version') return print(formatVersion(plugin), context);
  const cli = new PluginCli({ binaryName, name: plugin.name }, [
    ...commandClasses,
    ...(plugin.images ? [ImagesCommand] : []),
    VersionCommand,
    CompletionCommand,
    InstallCompletionCommand,
  ]);
  if (argv[0] === '__complete') return await complete(argv.slice(1), cli.commands, context);
  if (argv[0] === '__definitions')
    return print(JSON.stringify(definitionsOf(plugin, cli.commands, binaryName)), context);
  const line = argv[0] === '--version' ? ['version', '--short', ...argv.slice(1)] : argv;
  const scanned = scanArguments(line, cli.commands);
  if (scanned.help) return print(helpFor(scanned.words, cli, context), context);
  if (scanned.words[0] === 'help') return print(helpFor(scanned.words.slice(1), cli, context), context);
  const isBare = scanned.words.length === 0 && scanned.given.length === 0;
  if (isBare && !commandFor([], cli.commands)) return print(helpFor([], cli, context), context);
  const { canonical, command } = parseArguments(scanned, cli.commands, binaryName);
  return await commandFrom(canonical, command, { ...context, commandLine: canonical }).execute();
}

/** clipanion makes a machine of all that is registered before it reads a word: of one command that takes the least time. */
function commandFrom(
  canonical: string[],
  { commandClass }: CommandDefinition,
  context: PluginContext,
): BaseCommand {
  const cli = new Cli<PluginContext>({ binaryName: context.binaryName });
  cli.register(commandClass);
  return cli.process(canonical, context) as BaseCommand;
}

function print(text: string, { stdout }: PluginContext): ExitCode {
  stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return ExitCode.ok;
}

/** Columns for help: the terminal's own, but lines longer than this are hard to read. */
const widestHelp = 110;

function helpFor(words: readonly string[], { commands }: PluginCli, context: PluginContext): string {
  const { binaryName, plugin, stdout } = context;
  const width = Math.min(stdout.columns || 100, widestHelp);
  const found = commandFor(words, commands);
  const page = { binaryName, summary: plugin.summary, width };
  if (found && found.path.length > 0) return renderCommandHelp(found.command, page);
  if (words.length > 0 && !found) throw unknownCommand(words[0] ?? '', commands, binaryName);
  return renderPluginHelp(commands, page);
}
