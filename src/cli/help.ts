/** `--help`, as kubectl's reads: what it does, examples, commands, options, usage. */
import { longName, type OptionDeclaration, type PositionalDeclaration } from './declarations.ts';
import type { CommandDefinition } from './plugin-cli.ts';
import { columnsOf, wrap } from './wrap.ts';

export interface HelpContext {
  readonly binaryName: string;
  /** The plugin's own line, for its front page. */
  readonly summary: string;
  /** Columns of the terminal. */
  readonly width: number;
}

/** The front page: the plugin, its default command where there is one, and all the others. */
export function renderPluginHelp(commands: readonly CommandDefinition[], context: HelpContext): string {
  const main = commands.find(isDefault);
  const sections = main
    ? commandSections(main, context)
    : { text: [context.summary], examples: [], options: [] };
  return join([
    ...sections.text,
    ...sections.examples,
    ...commandList(
      commands.filter((command) => !isDefault(command) && !command.hidden),
      context,
    ),
    ...sections.options,
    usageSection(main ? [usageLine(main, context)] : [`${context.binaryName} COMMAND [options]`]),
    `Use "${context.binaryName} COMMAND --help" for more about a command.`,
  ]);
}

/** One command's page. */
export function renderCommandHelp(command: CommandDefinition, context: HelpContext): string {
  const { text, examples, options } = commandSections(command, context);
  const aliases = command.paths.slice(1).map((path) => path.join(' '));
  return join([
    ...text,
    ...examples,
    ...(aliases.length > 0 ? [`Aliases:\n  ${aliases.join(', ')}`] : []),
    ...options,
    usageSection([usageLine(command, context)]),
  ]);
}

const isDefault = ({ paths }: CommandDefinition) => paths.some((path) => path.length === 0);

const join = (sections: readonly string[]) => `${sections.join('\n\n')}\n`;

function commandSections(command: CommandDefinition, { width }: HelpContext) {
  const text = [command.summary, ...(command.details === '' ? [] : [wrapParagraphs(command.details, width)])];
  return {
    text: text.map((part) => wrapParagraphs(part, width)),
    examples: command.examples.length === 0 ? [] : [exampleSection(command.examples)],
    options: [...argumentSection(command.positionals, width), ...optionSections(command.options, width)],
  };
}

/** Each paragraph by itself; lines that begin with a space are kept as they stand. */
function wrapParagraphs(text: string, width: number): string {
  return text
    .split(/\n\n+/)
    .map((paragraph) => (/^\s/m.test(paragraph) ? paragraph : wrap(paragraph, width)))
    .join('\n\n');
}

function exampleSection(examples: CommandDefinition['examples']): string {
  return `Examples:\n${examples.map(([what, line]) => `  # ${what}\n  ${line}`).join('\n\n')}`;
}

function usageSection(lines: readonly string[]): string {
  return `Usage:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** `kubectl x8sync status NAME [options]`. */
export function usageLine(
  { paths, positionals }: CommandDefinition,
  { binaryName }: Pick<HelpContext, 'binaryName'>,
): string {
  const words = positionals.map(({ name, required, rest }) => {
    const shown = rest ? `${name}...` : name;
    return required ? shown : `[${shown}]`;
  });
  return [binaryName, ...(paths[0] ?? []), ...words, '[options]'].join(' ');
}

function commandList(commands: readonly CommandDefinition[], { width }: HelpContext): string[] {
  const byCategory = Map.groupBy(commands, ({ category }) => category);
  return [...byCategory].map(([category, members]) => {
    const rows = members
      .map((member): [string, string] => [(member.paths[0] ?? []).join(' '), member.summary])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `${category}:\n${columnsOf(rows, width)}`;
  });
}

function argumentSection(positionals: readonly PositionalDeclaration[], width: number): string[] {
  const rows = positionals.flatMap(({ name, description }): [string, string][] =>
    description === undefined ? [] : [[name, description]],
  );
  return rows.length === 0 ? [] : [`Arguments:\n${columnsOf(rows, width)}`];
}

/** A command's own options first, then what it shares with others. */
function optionSections(options: readonly OptionDeclaration[], width: number): string[] {
  const shown = options.filter(({ hidden }) => !hidden);
  const groups = [...Map.groupBy(shown, ({ group }) => group)];
  const rank = (group: string) => ['Global options', 'Cluster options', 'Options'].indexOf(group);
  const helpRow: [string, string] = ['-h, --help', 'Show this help.'];
  return groups
    .sort(([a], [b]) => rank(b) - rank(a))
    .map(([group, members]) => {
      const rows = members
        .sort((a, b) => (longName(a) < longName(b) ? -1 : 1))
        .map((option): [string, string] => [optionTitle(option), option.description]);
      return `${group}:\n${columnsOf(group === 'Global options' ? [helpRow, ...rows] : rows, width)}`;
    });
}

/** `-n, --namespace NAME`; options without a short form are set under the long ones. */
function optionTitle({ names, value }: OptionDeclaration): string {
  const short = names.filter((name) => !name.startsWith('--'));
  const long = names.filter((name) => name.startsWith('--'));
  const title = short.length > 0 ? [...short, ...long].join(', ') : `    ${long.join(', ')}`;
  return value === undefined ? title : `${title} ${value}`;
}
