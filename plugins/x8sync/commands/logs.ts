/** `kubectl x8sync logs NAME` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { completeTask } from './completion.ts';
import { TaskCommand } from './task-command.ts';

export class LogsCommand extends TaskCommand {
  static override paths = [['logs']];
  static override usage = KubeCommand.Usage({
    description: "Show what a copy's pods say, on both sides.",
    details: `
      Pods go once a copy has ended, and their logs with them. How far the mover is, which it says once in a second, is
      shown with --verbose.
    `,
    examples: [['Both sides, as they go on', '$0 logs move-db --follow']],
  });
  override output = outputOption('json', 'yaml');
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });
  follow = option.flag('--follow', { description: 'Go on until the pods have ended.' });
  tail = option.integer('--tail', { description: 'Only so many lines from the end of each.', min: 1 });

  override async run(context: KubeCommandContext): Promise<Outcome | undefined> {
    const { client, entry } = await this.oneTask(context, this.name);
    const { readLogs } = await import('../records/logs.ts');
    const how = this.taskContext(context);
    const wishes = { follow: this.follow, tailLines: this.tail, progress: this.verbose };
    // One line after the other, in the order in which they came.
    let printed = Promise.resolve();
    const problems = await readLogs(entry, client, wishes, how, (line) => {
      const text = `${line.side} ${line.pod}: ${line.text}`;
      printed = printed.then(() => context.event(line, text));
    });
    await printed;
    for (const problem of problems) context.reporter.warn(problem);
    return undefined;
  }
}
