/** `completion`: the scripts that make a shell ask `__complete`. */

import { UsageError } from '../../errors.ts';
import { BaseCommand, LocalCommand } from '../base-command.ts';
import type { CommandContext } from '../context.ts';
import { argument } from '../options.ts';
import type { Outcome, OutputFormat } from '../output.ts';
import { completionScript, shells } from './scripts.ts';

export class CompletionCommand extends LocalCommand {
  static override paths = [['completion']];
  static override usage = BaseCommand.Usage({
    category: 'Other commands',
    description: 'Print a script that completes commands, flags and names in the shell.',
    details:
      'With kubectl as SHELL, the script is an executable for kubectl itself, 1.26 or newer: it belongs on PATH under the name kubectl_complete-$PLUGIN, and completes in every shell that completes kubectl. The other scripts complete the bare program, for who calls it so.',
    examples: [
      [
        'Complete in every shell that already completes kubectl',
        '$0 completion kubectl > ~/bin/kubectl_complete-$PLUGIN && chmod +x ~/bin/kubectl_complete-$PLUGIN',
      ],
      ['In bash, for this session', 'source <($0 completion bash)'],
    ],
  });

  override output: OutputFormat | undefined = undefined;
  shell = argument.required('SHELL', {
    description: `One of ${shells.join(', ')}.`,
    complete: async () => shells.map((value) => ({ value })),
  });

  override async run({ plugin, binaryName }: CommandContext): Promise<Outcome> {
    const shell = shells.find((known) => known === this.shell);
    if (!shell)
      throw new UsageError(`no completion for ${JSON.stringify(this.shell)}`, {
        hint: `${binaryName} completion ${shells.join('|')}`,
      });
    return { text: completionScript(shell, `kubectl-${plugin.name}`) };
  }
}
