/** One plugin's reference page. */
import type { DefinedCommand, Definitions } from '../../src/cli/run/definitions.ts';

/** Headings of options that every command has are left to one section at the end. */
const sharedGroups = ['Cluster options', 'Global options'];

/** The page in Markdown. */
export function referencePage({ name, summary, commands }: Definitions): string {
  const shared = sharedGroups.map((group) => sharedOptions(group, commands)).filter((part) => part !== '');
  return `${[
    `# kubectl ${name}`,
    '<!-- Made from the commands by `npm run reference`: changes belong there. -->',
    summary,
    contents(name, commands),
    ...commands.map((command) => section(name, command)),
    ...shared,
  ].join('\n\n')}\n`;
}

const titleOf = (plugin: string, { path }: DefinedCommand): string => ['kubectl', plugin, ...path].join(' ');

const anchorOf = (title: string): string => title.toLowerCase().replaceAll(' ', '-');

function contents(plugin: string, commands: readonly DefinedCommand[]): string {
  return commands
    .map((command) => {
      const title = titleOf(plugin, command);
      return `- [\`${title}\`](#${anchorOf(title)}): ${inText(command.summary)}`;
    })
    .join('\n');
}

function section(plugin: string, command: DefinedCommand): string {
  const { summary, details, usage, examples, aliases } = command;
  const own = command.options.filter(({ group }) => !sharedGroups.includes(group));
  const groups = [...Map.groupBy(own, ({ group }) => group)];
  return [
    `## ${titleOf(plugin, command)}`,
    inText(summary),
    ...(details === '' ? [] : [inText(details)]),
    `    ${usage}`,
    ...(aliases.length === 0 ? [] : [`Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`]),
    ...list(
      'Arguments',
      command.arguments.map(({ name, description }) =>
        description === '' ? `\`${name}\`` : `\`${name}\`: ${inText(description)}`,
      ),
    ),
    ...groups.flatMap(([group, options]) => list(group, options.map(optionLine))),
    ...list(
      'Examples',
      examples.map(([what, line]) => `${inText(what)}: \`${line}\``),
    ),
  ].join('\n\n');
}

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, lines.map((line) => `- ${line}`).join('\n')];

function optionLine({ names, value, description }: DefinedCommand['options'][number]): string {
  return `\`${names.join(', ')}${value === undefined ? '' : ` ${value}`}\`: ${inText(description)}`;
}

/** Options of one group by their names, as the first command that has each one says it. */
function sharedOptions(group: string, commands: readonly DefinedCommand[]): string {
  const all = commands.flatMap(({ options }) => options.filter((option) => option.group === group));
  const byName = new Map(all.reverse().map((option) => [option.names.at(-1), option]));
  const lines = [...byName.values()].map(optionLine).sort();
  return lines.length === 0 ? '' : [`## ${group}`, lines.map((line) => `- ${line}`).join('\n')].join('\n\n');
}

/** Plain text as Markdown shows it: `<` would begin a tag, `*` would slant. */
const inText = (text: string): string => text.replaceAll(/[<*]/g, '\\$&');
