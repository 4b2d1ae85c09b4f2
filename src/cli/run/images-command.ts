/** `images`: what has to be mirrored for clusters that do not reach our registry. */
import { BaseCommand, LocalCommand, outputOption } from '../base-command.ts';
import type { CommandContext } from '../context.ts';
import type { Outcome, OutputFormat } from '../output.ts';
import { type Column, table } from '../table.ts';

const columns: readonly Column<{ name: string; image: string }>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'IMAGE', value: ({ image }) => image },
];

export class ImagesCommand extends LocalCommand {
  static override paths = [['images']];
  static override usage = BaseCommand.Usage({
    category: 'Other commands',
    description: 'List the images that this plugin runs in clusters.',
    details:
      'Clusters that reach no public registry need copies of them in a registry that they do reach. Where a digest is shown, the copy must have the same one.',
    examples: [
      ['The images of this version', '$0 images'],
      ['One a line, for a script that mirrors them', '$0 images -o name'],
    ],
  });

  override output: OutputFormat | undefined = outputOption('json', 'yaml', 'name', 'table');

  override async run({ plugin }: CommandContext): Promise<Outcome> {
    const images = Object.entries(plugin.images ?? {}).map(([name, image]) => ({ name, image }));
    return {
      data: { images },
      names: images.map(({ image }) => image),
      table: table(images, columns, `${plugin.name} runs no images of its own.`),
    };
  }
}
