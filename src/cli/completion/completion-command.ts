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
      'With kubectl as SHELL, it is the program that completion install writes. The other scripts complete the bare program kubectl-$PLUGIN, for those who call it by that name.',
    examples: [
      ['Complete in every shell in which kubectl completes', '$0 completion install'],
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
