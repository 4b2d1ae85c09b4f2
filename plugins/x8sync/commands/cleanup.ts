/** `kubectl x8sync cleanup NAME | --all` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isFinished } from '../../../src/tasks/record.ts';
import type { TaskEntry } from '../records/inventory.ts';
import { completeTask } from './completion.ts';
import { TaskCommand } from './task-command.ts';

export class CleanupCommand extends TaskCommand {
  static override paths = [['cleanup']];
  static override usage = KubeCommand.Usage({
    description: 'Delete all that a task made in both clusters, its record included. Files are left alone.',
    details: `
      Works from any workstation whose kubeconfig has both clusters. Where one can't be reached, the other is
      still cleaned up, and the exit code is 4. A task that a live run holds is refused (exit 3).
    `,
    examples: [
      ['One task', '$0 cleanup move-db'],
      ['Every task of a namespace', '$0 cleanup --all -n shop'],
      ['Records of what has finished', '$0 cleanup --finished -n shop'],
    ],
  });
  name = argument.optional('NAME', { description: 'Name of the task.', complete: completeTask });
  all = option.flag('--all', {
    description: 'Every task that the cluster knows of, or the namespace given by -n.',
  });
  finished = option.flag('--finished', {
    description: 'Every finished task that the cluster knows of, or the namespace given by -n.',
  });
  waitLimit = option.duration('--timeout', {
    default: 120_000,
    description: 'How long to wait for a deletion; 0 for no limit.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const given = [this.name !== undefined, this.all, this.finished].filter(Boolean).length;
    if (given !== 1) throw new UsageError('give the NAME of a task, or --all, or --finished');
    const { client, entries } = await this.#chosen(context);
    const { cleanUp } = await import('../records/cleanup.ts');
    const cleanup = this.taskContext(context, this.waitLimit);
    const cleaned: string[] = [];
    const failures: X8sError[] = [];
    for (const entry of entries) {
      const title = `Clean up task ${entry.task}`;
      try {
        await context.reporter.run([{ title, run: () => cleanUp(entry, client, cleanup) }]);
        cleaned.push(entry.task);
      } catch (error) {
        // One task that can't be cleaned up keeps no other from it.
        if (!(error instanceof X8sError) || this.name !== undefined || context.signal.aborted) throw error;
        context.reporter.warn(`task ${entry.task}: ${error.message}`);
        failures.push(error);
      }
    }
    return {
      data: { cleaned, failed: failures.map(({ message }) => message) },
      text: sentence(cleaned),
      error: failures[0],
    };
  }

  async #chosen(context: KubeCommandContext): Promise<{ client: KubeClient; entries: TaskEntry[] }> {
    if (this.name === undefined) {
      const { client, entries } = await this.tasks(context);
      return { client, entries: this.finished ? entries.filter(hasFinished) : entries };
    }
    const { client, entry } = await this.oneTask(context, this.name);
    return { client, entries: [entry] };
  }
}

function hasFinished({ records }: TaskEntry): boolean {
  return Object.values(records).every(isFinished);
}

function sentence(cleaned: readonly string[]): string {
  return cleaned.length === 0 ? 'Nothing was cleaned up.' : `Cleaned up: ${cleaned.join(', ')}`;
}
