/** What `plan` and `drift` share: a look at both sides of a task, without a write to either. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { IncompleteError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Survey } from '../../preview/survey.ts';
import type { Opened } from './open-task.ts';
import { TaskCommand } from './task-command.ts';

/** Lists both sides as the task would. */
export async function look(opened: Opened, { clock, signal }: KubeCommandContext): Promise<Survey> {
  const { look: lookAt } = await import('../../preview/look.ts');
  return lookAt({ ...opened, clock, signal });
}

/** What could not be looked at; of the primary too, whose copies nobody can tell anything of then. */
export const unreadOf = ({ primary, unread: onPrimary, replicas }: Survey) => [
  ...onPrimary.map((one) => ({ cluster: primary.name, ...one })),
  ...replicas.flatMap(({ cluster, unread }) => unread.map((one) => ({ cluster: cluster.name, ...one }))),
];

/** Silence about what could not be looked at would pass for being equal. */
export function notAllCompared(unread: ReturnType<typeof unreadOf>): IncompleteError | undefined {
  if (unread.length === 0) return undefined;
  return new IncompleteError('not everything could be compared', {
    details: unread.map(({ cluster, kind, why }) => `${cluster}: ${kind} can't be read: ${why}`),
    hint: 'What is needed on replicas: get, list, watch, create and patch on what is copied.',
  });
}

/** Commands that look and write nothing. */
export abstract class SurveyCommand extends TaskCommand {
  protected async looking(
    context: KubeCommandContext,
    show: (opened: Opened) => Promise<Outcome>,
  ): Promise<Outcome> {
    const clients: KubeClient[] = [];
    try {
      // Plans show what a watch would do, deletions included.
      return await show(await this.begin(context, { watches: true, hand: (client) => clients.push(client) }));
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  }
}
