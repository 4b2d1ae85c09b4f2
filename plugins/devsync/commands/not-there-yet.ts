/** Stands where the engine will: says so, and fails. */
import { LocalCommand } from '../../../src/cli/base-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';

export class NotThereYetCommand extends LocalCommand {
  static override paths = [LocalCommand.Default];
  static override usage = LocalCommand.Usage({
    description: 'Keep a local directory and a directory in a container the same. Not there yet.',
    details: 'This build has no engine for it: it can print its version and its help, and nothing else.',
  });

  override async run(): Promise<Outcome> {
    throw new X8sError('devsync cannot do anything yet in this version', {
      hint: 'only x8sync works so far: kubectl x8sync --help',
    });
  }
}
