/** clipanion's registry of one plugin's commands, read as definitions. */
import { Cli, type Command } from 'clipanion';
import type { BaseCommand } from './base-command.ts';
import type { PluginContext } from './context.ts';
import type { OptionDeclaration, PositionalDeclaration } from './declarations.ts';
import { declarationOf } from './options.ts';
import { dedent } from './wrap.ts';

/** A class of command, as a plugin lists it. */
export type CommandClass = (new () => BaseCommand) & typeof Command<PluginContext>;

/** One command: what it is called, says of itself, and takes. */
export interface CommandDefinition {
  readonly commandClass: CommandClass;
  /** Words that call it; the first is its name, an empty one makes it the default command. */
  readonly paths: readonly (readonly string[])[];
  /** First line of its help, and its line in the list of commands. */
  readonly summary: string;
  readonly details: string;
  /** Heading in the list of commands. */
  readonly category: string;
  /** What it does, and the command line. */
  readonly examples: readonly (readonly [string, string])[];
  /** Without a usage it is in no list. */
  readonly hidden: boolean;
  readonly options: readonly OptionDeclaration[];
  readonly positionals: readonly PositionalDeclaration[];
}

export class PluginCli extends Cli<PluginContext> {
  /** Every command in the order of registration. */
  readonly commands: readonly CommandDefinition[];

  readonly #pluginName: string;

  constructor(
    { binaryName, name }: { binaryName: string; name: string },
    commandClasses: readonly CommandClass[],
  ) {
    super({ binaryName });
    this.#pluginName = name;
    for (const commandClass of commandClasses) this.register(commandClass);
    this.commands = commandClasses.map((commandClass) => this.#definitionOf(commandClass));
    checkOptions(this.commands);
  }

  #definitionOf(commandClass: CommandClass): CommandDefinition {
    const { usage } = commandClass;
    const fields = this.registrations.get(commandClass)?.specs.values() ?? [];
    const declarations = [...fields].map(declarationOf).filter((declaration) => declaration !== undefined);
    const fill = (text = '') =>
      dedent(text).replaceAll('$0', this.binaryName).replaceAll('$PLUGIN', this.#pluginName);
    return {
      commandClass,
      paths: commandClass.paths ?? [[]],
      summary: fill(usage?.description),
      details: fill(usage?.details),
      category: usage?.category ?? 'Commands',
      examples: (usage?.examples ?? []).map(([what, line]) => [what, fill(line)]),
      hidden: usage === undefined,
      options: declarations.filter((declaration) => 'names' in declaration),
      positionals: declarations.filter((declaration) => 'required' in declaration),
    };
  }
}

/**
 * The command line is read before it is known which command it is for, so an option must not be a flag in one
 * command and take a value in another; and within one command a name can belong to one option only.
 */
function checkOptions(commands: readonly CommandDefinition[]): void {
  const takesValue = new Map<string, boolean>();
  for (const { options, paths } of commands) {
    const names = options.flatMap((option) => option.names);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw new Error(`${paths[0]?.join(' ')}: ${twice} is declared twice`);
    for (const option of options) {
      for (const name of option.names) {
        const value = option.value !== undefined;
        if ((takesValue.get(name) ?? value) !== value)
          throw new Error(`${name} is a flag in one command and takes a value in another`);
        takesValue.set(name, value);
      }
    }
  }
}
