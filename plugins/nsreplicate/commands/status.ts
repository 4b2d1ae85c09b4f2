/** `status`: how a task stands, or all tasks of a cluster do. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { AskedFor } from '../state/control.ts';
import type { TaskStatus } from '../state/state.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

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
    const [
      { describeNewer, listStatuses },
      { readControl },
      { attendanceOf },
      { describeHolder, describeTask, tasksTable },
    ] = await Promise.all([
      import('../state/state.ts'),
      import('../state/control.ts'),
      import('../state/attendance.ts'),
      import('./output/status-text.ts'),
    ]);
    if (this.all) {
      const kube = await this.state(context);
      const all = await listStatuses(kube, { signal: context.signal });
      const { newer } = all;
      const attended = async (status: TaskStatus) => {
        const { atWork } = await attendanceOf(kube, status, context);
        return { ...status, atWork };
      };
      const statuses = await Promise.all(all.statuses.map(attended));
      for (const one of newer) context.reporter.warn(`${describeNewer(one)} Nothing of it can be told here.`);
      return { data: [...statuses, ...newer], table: tasksTable(statuses, newer) };
    }
    const { kube, task, status: written } = await this.status(context);
    const call = { signal: context.signal };
    const [{ askedFor }, { holder, atWork }] = await Promise.all([
      readControl(kube, task, call),
      attendanceOf(kube, written, context),
    ]);
    const status = { ...written, atWork };
    return {
      data: { ...status, askedFor, holder },
      text: [
        describeTask(status),
        ...describeHolder(status, holder),
        ...askedFor.slice(-SHOWN).map(describeRequest),
      ].join('\n'),
      table: tasksTable([status]),
    };
  }
}

/** Requests that are shown as text; all that are kept are in `-o json`. */
const SHOWN = 3;

const describeRequest = ({ at, by, what, about }: AskedFor): string =>
  `  asked for: ${what}${about === undefined ? '' : ` ${about}`}, by ${by} at ${at}`;
