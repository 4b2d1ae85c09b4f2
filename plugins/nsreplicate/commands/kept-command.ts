/** What commands share that are about a task that has run. */
import { contextNames, resourceNames } from '../../../src/cli/completion/providers.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
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
export abstract class KeptCommand extends KubeCommand {
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
