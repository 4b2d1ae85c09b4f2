/** All commands as one document, from which reference pages and man pages are made: the hidden `__definitions`. */
import { usageLine } from '../help.ts';
import type { CommandDefinition } from '../plugin-cli.ts';
import type { PluginInfo } from '../version.ts';

export type Definitions = ReturnType<typeof definitionsOf>;
export type DefinedCommand = Definitions['commands'][number];

/** What help shows, as data. */
export function definitionsOf(
  plugin: PluginInfo,
  commands: readonly CommandDefinition[],
  binaryName: string,
) {
  const { name, summary, version } = plugin;
  return {
    name,
    summary,
    version,
    commands: commands
      .filter(({ hidden }) => !hidden)
      .map((command) => ({
        /** Words behind the plugin's name; none for its default command. */
        path: command.paths[0] ?? [],
        aliases: command.paths.slice(1).map((path) => path.join(' ')),
        summary: command.summary,
        details: command.details,
        usage: usageLine(command, { binaryName }),
        examples: command.examples,
        arguments: command.positionals.map(({ name, description = '' }) => ({ name, description })),
        options: command.options
          .filter(({ hidden }) => !hidden)
          .map(({ names, value, description, group }) => ({ names, value, description, group })),
      })),
  };
}
