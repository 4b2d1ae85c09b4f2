/** clipanion's registry of one plugin's commands, read as definitions. */
import { Cli, type Command } from 'clipanion';
import type { BaseCommand, PluginContext } from './base-command.ts';
import type { OptionDeclaration, PositionalDeclaration } from './declarations.ts';
import { declarationOf } from './options.ts';

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

  constructor(binaryName: string, commandClasses: readonly CommandClass[]) {
    super({ binaryName });
    for (const commandClass of commandClasses) this.register(commandClass);
    this.commands = commandClasses.map((commandClass) => this.#definitionOf(commandClass));
  }

  #definitionOf(commandClass: CommandClass): CommandDefinition {
    const { usage } = commandClass;
    const fields = this.registrations.get(commandClass)?.specs.values() ?? [];
    const declarations = [...fields].map(declarationOf).filter((declaration) => declaration !== undefined);
    const oneLine = (text = '') => text.trim();
    return {
      commandClass,
      paths: commandClass.paths ?? [[]],
      summary: oneLine(usage?.description),
      details: oneLine(usage?.details),
      category: usage?.category ?? 'Commands',
      examples: (usage?.examples ?? []).map(([what, line]) => [what, line.replaceAll('$0', this.binaryName)]),
      hidden: usage === undefined,
      options: declarations.filter((declaration) => 'names' in declaration),
      positionals: declarations.filter((declaration) => 'required' in declaration),
    };
  }
}
