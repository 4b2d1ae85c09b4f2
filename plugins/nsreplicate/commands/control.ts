/** What any workstation may ask of a task: how it stands, its jobs, and to pause, resume, approve or retry. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { contextNames, resourceNames } from '../../../src/cli/completion/providers.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { configMaps } from '../../../src/kube/resources.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import type { Control } from '../state/control.ts';
import { defaultTask, tool } from '../state/places.ts';
import type { TaskView } from '../state/state.ts';

const completeTask = resourceNames(configMaps, {
  labelSelector: `${Label.managedBy}=${managerOf(tool)},${Label.role}=state`,
  nameOf: ({ metadata }) => metadata.labels?.[Label.task],
});

/** Commands for a task that has run. `--primary` is taken for the cluster that keeps its state. */
abstract class KeptCommand extends KubeCommand {
  name = option.text('--name', {
    value: 'TASK',
    description: `Name of the task. Default: ${defaultTask}.`,
    complete: completeTask,
  });
  primary = option.text('--primary', {
    value: 'CONTEXT',
    description: "The cluster that keeps the task's state. Default: the current context.",
    complete: contextNames,
  });

  protected state(context: KubeCommandContext): Promise<KubeClient> {
    return context.kube(this.primary);
  }

  protected async view(
    context: KubeCommandContext,
  ): Promise<{ kube: KubeClient; task: string; view: TaskView }> {
    const { readView } = await import('../state/state.ts');
    const kube = await this.state(context);
    const task = this.name ?? defaultTask;
    const view = await readView(kube, task, { signal: context.signal });
    if (view) return { kube, task, view };
    throw new X8sError(`there is no task ${JSON.stringify(task)} in ${kube.cluster.context}`, {
      hint: `--name and --primary choose another one; ${context.binaryName} status --all shows those of a cluster`,
    });
  }

  protected async ask(context: KubeCommandContext, change: Partial<Control>, said: string): Promise<Outcome> {
    const { writeControl } = await import('../state/control.ts');
    const { kube, task } = await this.view(context);
    await writeControl(kube, task, change, { signal: context.signal });
    return { data: { task, ...change }, text: said };
  }
}

export class StatusCommand extends KeptCommand {
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
    const [{ listViews }, { describeTask, tasksTable }] = await Promise.all([
      import('../state/state.ts'),
      import('./views.ts'),
    ]);
    if (this.all) {
      const views = await listViews(await this.state(context), { signal: context.signal });
      return { data: views, table: tasksTable(views) };
    }
    const { view } = await this.view(context);
    return { data: view, text: describeTask(view), table: tasksTable([view]) };
  }
}

export class JobsCommand extends KeptCommand {
  static override paths = [['jobs']];
  static override usage = KubeCommand.Usage({
    description:
      'Show the jobs of a task: those that fail, are at work or wait, and the last ones that were done.',
    examples: [['What fails, and why', '$0 jobs --name dr --failed -o wide']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  failed = option.flag('--failed', { description: 'Only those that fail.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ readJobs }, { jobsTable }] = await Promise.all([
      import('../state/state.ts'),
      import('./views.ts'),
    ]);
    const { kube, task } = await this.view(context);
    const jobs = await readJobs(kube, task, { signal: context.signal });
    const shown = this.failed ? jobs.filter(({ state }) => state === 'failed') : jobs;
    return { data: shown, table: jobsTable(shown) };
  }
}

export class PauseCommand extends KeptCommand {
  static override paths = [['pause']];
  static override usage = KubeCommand.Usage({
    description: 'Let a task hold: nothing is written any more, also after a restart, until `resume`.',
    examples: [['Before working on a replica', '$0 pause --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: true }, `Task ${this.name ?? defaultTask} is paused.`);
  }
}

export class ResumeCommand extends KeptCommand {
  static override paths = [['resume']];
  static override usage = KubeCommand.Usage({
    description: 'Let a paused task go on.',
    examples: [['Go on', '$0 resume --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: false }, `Task ${this.name ?? defaultTask} goes on.`);
  }
}

export class ApproveCommand extends KeptCommand {
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

export class RetryCommand extends KeptCommand {
  static override paths = [['retry']];
  static override usage = KubeCommand.Usage({
    description: 'Try again what failed, also what is not tried again by itself.',
    examples: [
      ['One object on one replica', '$0 retry --name dr --replica standby Secret shop/tls'],
      ['All that failed', '$0 retry --name dr --all'],
    ],
  });
  kind = argument.optional('KIND', { description: 'As `jobs` shows it: Secret, Deployment.apps.' });
  object = argument.optional('NAMESPACE/NAME', {
    description: 'The object; a name alone where it has no namespace.',
  });
  replica = option.repeated('--replica', { value: 'NAME', description: 'Only on this replica.' });
  all = option.flag('--all', { description: 'Everything that failed.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { keyOf } = await import('../engine/keys.ts');
    if (this.all === (this.kind !== undefined))
      throw new UsageError('say what to retry: KIND NAMESPACE/NAME, or --all');
    const [namespace = '', name] = this.object?.includes('/') ? this.object.split('/') : ['', this.object];
    if (this.kind !== undefined && !name) throw new UsageError('the object is missing: KIND NAMESPACE/NAME');
    const id = context.clock.now().toISOString();
    const object = this.kind === undefined ? undefined : keyOf(this.kind, namespace, name ?? '');
    return this.ask(
      context,
      { retry: { id, object, replica: this.replica.at(-1) } },
      'Asked for; `jobs` shows what comes of it.',
    );
  }
}
