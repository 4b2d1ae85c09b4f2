/** `version`. */
import { BaseCommand, LocalCommand, outputOption } from '../base-command.ts';
import type { CommandContext } from '../context.ts';
import { option } from '../options.ts';
import type { Outcome, OutputFormat } from '../output.ts';
import { formatVersion } from '../version.ts';

export class VersionCommand extends LocalCommand {
  static override paths = [['version']];
  static override usage = BaseCommand.Usage({
    category: 'Other commands',
    description: 'Print the version of this plugin.',
    examples: [
      ['Version, commit, and the images that it runs in clusters', '$0 version'],
      ['The same for programs', '$0 version -o json'],
    ],
  });

  override output: OutputFormat | undefined = outputOption('json', 'yaml');
  short = option.flag('--short', { description: 'One line, as --version prints.' });

  override async run({ plugin }: CommandContext): Promise<Outcome> {
    const { name, version, commit, images = {} } = plugin;
    const { platform, arch, version: node } = process;
    const data = { name, version: `v${version}`, commit, node, platform: `${platform}/${arch}`, images };
    const rows: [string, string][] = [
      ['commit', commit || 'none: run from sources'],
      ['node', node],
      ['platform', `${platform}/${arch}`],
      ...Object.entries(images).map(([role, image]): [string, string] => [`${role} image`, image]),
    ];
    const width = Math.max(...rows.map(([title]) => title.length)) + 3;
    const lines = rows.map(([title, value]) => `  ${`${title}:`.padEnd(width)}${value}`);
    return { data, text: this.short ? formatVersion(plugin) : [formatVersion(plugin), ...lines].join('\n') };
  }
}
