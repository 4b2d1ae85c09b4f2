/** `completion install`. */
import { machine } from '../../machine.ts';
import { BaseCommand, LocalCommand } from '../base-command.ts';
import type { CommandContext } from '../context.ts';
import { option } from '../options.ts';
import type { Outcome, OutputFormat } from '../output.ts';

export class InstallCompletionCommand extends LocalCommand {
  static override paths = [['completion', 'install']];
  static override usage = BaseCommand.Usage({
    category: 'Other commands',
    description: 'Let kubectl complete this plugin, in every shell in which kubectl completes.',
    details:
      'Writes kubectl_complete-$PLUGIN, which kubectl 1.26 and newer runs at Tab, beside the plugin. The shell itself must complete kubectl: kubectl completion --help says how.',
    examples: [
      ['Beside the plugin', '$0 completion install'],
      ['In another folder of PATH', '$0 completion install --directory ~/bin'],
    ],
  });

  override output: OutputFormat | undefined = undefined;
  directory = option.text('--directory', {
    value: 'DIRECTORY',
    description: 'Folder of PATH to write to. Default: where the plugin is.',
  });

  override async run({ plugin, env }: CommandContext): Promise<Outcome> {
    const { installCompletion } = await import('./install.ts');
    const { platform } = machine;
    const { path, changed } = await installCompletion({
      plugin: plugin.name,
      env,
      platform,
      folder: this.directory,
    });
    return { text: changed ? `Wrote ${path}.` : `${path} is there already.` };
  }
}
