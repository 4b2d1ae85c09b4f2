/** What any workstation may ask of a task: how it stands, and to pause, resume or approve. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './existing-task-command.ts';

export class StatusCommand extends ExistingTaskCommand {
  static override paths = [['status']];
  static override usage = KubeCommand.Usage({
    description: 'Show how a task stands: how far behind each replica is, and what fails.',
    examples: [
      ['One task', '$0 status --name dr --primary prod'],
      ['All tasks of a cluster', '$0 status --all --primary prod'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  all = option.flag('--all', { description: 'All tasks whose state is in the cluster.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ listStatuses }, { describeTask, tasksTable }] = await Promise.all([
      import('../state/state.ts'),
      import('./views.ts'),
    ]);
    if (this.all) {
      const views = await listStatuses(await this.state(context), { signal: context.signal });
      return { data: views, table: tasksTable(views) };
    }
    const { status } = await this.status(context);
    return { data: status, text: describeTask(status), table: tasksTable([status]) };
  }
}

export class PauseCommand extends ExistingTaskCommand {
  static override paths = [['pause']];
  static override usage = KubeCommand.Usage({
    description: 'Let a task hold: nothing is written any more, also after a restart, until `resume`.',
    examples: [['Before working on a replica', '$0 pause --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: true }, `Task ${this.name ?? defaultTask} is paused.`);
  }
}

export class ResumeCommand extends ExistingTaskCommand {
  static override paths = [['resume']];
  static override usage = KubeCommand.Usage({
    description: 'Let a paused task go on.',
    examples: [['Go on', '$0 resume --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: false }, `Task ${this.name ?? defaultTask} goes on.`);
  }
}

export class ApproveCommand extends ExistingTaskCommand {
  static override paths = [['approve']];
  static override usage = KubeCommand.Usage({
    description: 'Let deletions go on that were stopped, and accept the primary as it is now.',
    details: `
      Deletions stop by themselves where there are too many at once, where the primary was restored from an
      older state, and where it is another cluster than before. Look at it first: status says which it was.
    `,
    examples: [['They were meant', '$0 approve --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    const approval = context.clock.now().toISOString();
    return this.ask(context, { approval }, `Task ${this.name ?? defaultTask}: deletions go on.`);
  }
}
