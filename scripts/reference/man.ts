/** One plugin's man page, in the man(7) macros. */
import type { DefinedCommand, Definitions } from '../../src/cli/run/definitions.ts';

/** The page for section 1. */
export function manPage({ name, summary, version, commands }: Definitions): string {
  const title = `KUBECTL-${name.toUpperCase()}`;
  return `${[
    `.TH ${title} 1 "" "kubectl-${name} ${version}"`,
    '.SH NAME',
    `kubectl\\-${roff(name)} \\- ${roff(summary.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    ...commands.flatMap(({ usage }, index) => [...(index === 0 ? [] : ['.br']), roff(usage)]),
    '.SH COMMANDS',
    ...commands.flatMap((command) => section(name, command)),
    '.SH EXIT STATUS',
    '0 done; 1 failed; 2 wrong usage; 3 refused; 4 not reachable or not allowed; 5 finished, but not everything; 124 ran past its time limit; 130 or 143 interrupted.',
  ].join('\n')}\n`;
}

function section(
  plugin: string,
  { path, summary, details, arguments: args, options, examples }: DefinedCommand,
) {
  return [
    `.SS "${roff(['kubectl', plugin, ...path].join(' '))}"`,
    roff(summary),
    ...paragraphs(details),
    ...args.flatMap((one) => item(one.name, one.description)),
    ...options.flatMap(({ names, value, description }) =>
      item(`${names.join(', ')}${value === undefined ? '' : ` ${value}`}`, description),
    ),
    ...examples.flatMap(([what, line]) => ['.PP', roff(`${what}:`), '.RS', roff(line), '.RE']),
  ];
}

const item = (title: string, text: string): string[] => ['.TP', `\\fB${roff(title)}\\fR`, roff(text)];

const paragraphs = (text: string): string[] =>
  text === '' ? [] : text.split(/\n\n+/).flatMap((one) => ['.PP', roff(one)]);

/** Text as it stands: no line begins a request, no dash becomes a hyphen. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}
