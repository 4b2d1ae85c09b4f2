/** `forget`: removes what is kept of a task and, where that is asked for, its marks on replicas. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ProvenanceRemoval } from '../run/remove-provenance.ts';
import type { TaskStatus } from '../state/state.ts';
import { isAtWork } from '../state/task-phase.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

export class ForgetCommand extends ExistingTaskCommand {
  static override paths = [['forget']];
  static override usage = KubeCommand.Usage({
    description: 'Forget a task: delete what is kept of it. Copies stay where they are.',
    details: `
      Refused while the task runs. What was remembered goes: that deletions were stopped, and what earlier runs
      covered. Copies keep their marks, so that a task of the same name and primary goes on with them; with
      --remove-marks they are nobody's copies any more, and no task changes or deletes them without --adopt. The epoch
      of a promotion stays, so that a fenced task stays fenced.
    `,
    examples: [
      ['After the last run', '$0 forget --name dr --primary prod'],
      ['And leave the copies to themselves', '$0 forget --name dr --primary prod --remove-marks'],
    ],
  });
  removeMarks = option.flag('--remove-marks', {
    description: 'Take labels and annotations of the task off its copies, on all replicas, before that.',
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { kube, task, status } = await this.status(context);
    const question = `Forget task ${task}${this.removeMarks ? ', and take its marks off all copies' : ''}?`;
    if (!this.yes && !(await context.confirm(question))) return { text: 'Nothing was forgotten.' };
    const [{ takeLease }, { forgetRecords, forgetLease }] = await Promise.all([
      import('../state/lease.ts'),
      import('../state/forget.ts'),
    ]);
    const { clock, signal } = context;
    // A controller that leads works on the resources that are there; what it has stopped may be forgotten beside it.
    const guard = (isAtWork(status) && status.guardedBy) || task;
    const lock = await takeLease({ kube, task: guard, purpose: 'forget', clock, signal });
    let marks: Record<string, number> = {};
    try {
      if (this.removeMarks) marks = await this.#removeMarks(context, kube, status);
      await lock.confirm();
      await forgetRecords(kube, task, { signal });
    } finally {
      await lock.release();
    }
    await forgetLease(kube, task, { signal });
    const lines = Object.entries(marks).map(([name, count]) => `${name}: marks taken off ${count} objects`);
    return { data: { task, marks }, text: [...lines, `Task ${task} is forgotten.`].join('\n') };
  }

  /** All replicas have to be there, or their marks would stay with nobody knowing of them. */
  async #removeMarks(
    context: KubeCommandContext,
    state: KubeClient,
    status: TaskStatus,
  ): Promise<Record<string, number>> {
    const [{ readSavedState }, { identify }, { removeProvenance }] = await Promise.all([
      import('../state/state.ts'),
      import('../clusters/cluster.ts'),
      import('../run/remove-provenance.ts'),
    ]);
    const { signal, reporter } = context;
    const { primary, formerPrimaries, clusters } = await readSavedState(state, status.task, { signal });
    const primaries = [...formerPrimaries, ...(primary === undefined ? [] : [primary])];
    const marks: Record<string, number> = {};
    for (const { name, server } of status.replicas) {
      const known = async () => clusters[name];
      const cluster = await identify(name, await context.kubeByServer(server), { known, signal });
      if (clusters[name] !== undefined && clusters[name] !== cluster.id)
        throw new RefusedError(
          `${name} is another cluster than the task copied to (${clusters[name]} → ${cluster.id}).`,
          {
            hint: 'Nothing was forgotten. Without --remove-marks the replicas are not looked at.',
          },
        );
      reporter.info(`${name}: looking for copies of task ${status.task}`);
      const unmarked = await removeProvenance(cluster, { task: status.task, primaries, signal });
      checkAll(name, unmarked);
      marks[name] = unmarked.count;
    }
    return marks;
  }
}

function checkAll(replica: string, { count, unread }: ProvenanceRemoval): void {
  if (unread.length === 0) return;
  throw new IncompleteError(`marks were taken off ${count} objects on ${replica}, and there may be more`, {
    details: unread.map((one) => `${replica}: ${one}`),
    hint: 'The task is not forgotten yet: run it again once these can be read and patched.',
  });
}
