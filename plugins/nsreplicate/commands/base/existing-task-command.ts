/** What commands share that are about a task that has run. */

import { KubeCommand, type KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { contextNames, resourceNames } from '../../../../src/cli/providers.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import type { ControlChange } from '../../state/control.ts';
import type { TaskStatus } from '../../state/state.ts';
import { defaultTask, tool } from '../../state/task-objects.ts';

const completeTask = resourceNames(configMaps, {
  labelSelector: `${Label.managedBy}=${managerOf(tool)},${Label.role}=state`,
  nameOf: ({ metadata }) => metadata.labels?.[Label.task],
});

/** No task of that name has run in the cluster that was asked. */
export const noSuchTask = (context: KubeCommandContext, task: string, { cluster }: KubeClient): X8sError =>
  new X8sError(`there is no task ${JSON.stringify(task)} in ${cluster.context}`, {
    hint: `--name and --primary choose another one; ${context.binaryName} status --all shows those of a cluster`,
  });

/** Commands for a task that has run. `--primary` is taken for the cluster that keeps its state. */
export abstract class ExistingTaskCommand extends KubeCommand {
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

  protected async status(
    context: KubeCommandContext,
  ): Promise<{ kube: KubeClient; task: string; status: TaskStatus }> {
    const { readStatus } = await import('../../state/state.ts');
    const kube = await this.state(context);
    const task = this.name ?? defaultTask;
    const status = await readStatus(kube, task, { signal: context.signal });
    if (status) return { kube, task, status };
    throw noSuchTask(context, task, kube);
  }

  /** @param said hears whether anybody is at work, who does at once what is asked */
  protected async ask(
    context: KubeCommandContext,
    change: ControlChange,
    said: string | ((isAtWork: boolean) => string),
  ): Promise<Outcome> {
    const { recordOf, writeControl } = await import('../../state/control.ts');
    const { kube, task, status } = await this.status(context);
    const { thisProcess } = await import('../../../../src/tasks/holder.ts');
    const asked = recordOf(change, thisProcess().who, context.clock.now());
    await writeControl(kube, task, change, asked, { signal: context.signal });
    const text = typeof said === 'string' ? said : said(await this.#isAtWork(context, kube, status));
    return { data: { task, ...change }, text };
  }

  /** True also where it can't be known. */
  async #isAtWork(context: KubeCommandContext, kube: KubeClient, status: TaskStatus): Promise<boolean> {
    const { attendanceOf } = await import('../../state/attendance.ts');
    const { atWork } = await attendanceOf(kube, status, context);
    return atWork ?? true;
  }
}
