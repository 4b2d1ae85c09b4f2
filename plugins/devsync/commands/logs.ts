/** `kubectl devsync logs` */
import { readFileSync } from 'node:fs';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
import { completeSync, SyncCommand } from './base/sync-command.ts';

export class LogsCommand extends SyncCommand {
  static override paths = [['logs']];
  static override usage = KubeCommand.Usage({
    description: 'Show what a sync did on this workstation.',
    examples: [['The last lines', '$0 logs web --tail 20']],
  });
  name = argument.required('NAME', { description: 'Name of the sync.', complete: completeSync });
  tail = option.integer('--tail', { description: 'Only so many lines from the end.', min: 1 });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, sync } = await this.sync(context, this.name);
    const { logFile } = await import('../control/serve-sync.ts');
    try {
      const lines = readFileSync(logFile(workstation, sync.uid), 'utf8').trimEnd().split('\n');
      const wanted = this.tail === undefined ? lines : lines.slice(-this.tail);
      return { data: wanted, text: wanted.join('\n') };
    } catch (cause) {
      throw new X8sError(`the sync ${this.name} has not run on this workstation yet`, { cause });
    }
  }
}
