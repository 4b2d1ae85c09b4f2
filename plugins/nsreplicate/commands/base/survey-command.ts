/** What `plan` and `drift` share: a look at both sides of a task, without a write to either. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { IncompleteError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Survey, Unread } from '../../preview/survey.ts';
import type { Opened, StateUse } from './open-task.ts';
import { TaskCommand } from './task-command.ts';

/** Lists both sides as the task would. @param stateUse `where-allowed`: a state that may not be read counts as none */
export async function look(
  opened: Opened,
  { clock, signal }: KubeCommandContext,
  stateUse?: StateUse,
): Promise<Survey> {
  const { look: lookAt } = await import('../../preview/look.ts');
  return lookAt({ ...opened, clock, signal, isStateNeeded: stateUse !== 'where-allowed' });
}

const neededOn = {
  primary: 'What is needed on the primary: get, list and watch on what is copied.',
  replica: 'What is needed on replicas: get, list, watch, create and patch on what is copied.',
} as const;

/** What could not be looked at on a cluster. */
export interface UnreadOn extends Unread {
  readonly cluster: string;
  readonly side: keyof typeof neededOn;
}

/** What could not be looked at; of the primary too, whose copies nobody can tell anything of then. */
export const unreadOf = ({ primary, unread: onPrimary, replicas }: Survey): UnreadOn[] => [
  ...onPrimary.map((one) => ({ cluster: primary.name, side: 'primary' as const, ...one })),
  ...replicas.flatMap(({ cluster, unread }) =>
    unread.map((one) => ({ cluster: cluster.name, side: 'replica' as const, ...one })),
  ),
];

/** Silence about what could not be looked at would pass for being equal. */
export function notAllCompared(unread: readonly UnreadOn[]): IncompleteError | undefined {
  if (unread.length === 0) return undefined;
  return new IncompleteError('not everything could be compared', {
    details: unread.map(({ cluster, kind, why }) => `${cluster}: ${kind} can't be read: ${why}`),
    hint: [...new Set(unread.map(({ side }) => neededOn[side]))].join(' '),
  });
}

/** Commands that look and write nothing. */
export abstract class SurveyCommand extends TaskCommand {
  protected async looking(
    context: KubeCommandContext,
    show: (opened: Opened) => Promise<Outcome>,
    stateUse?: StateUse,
  ): Promise<Outcome> {
    const clients: KubeClient[] = [];
    try {
      // Plans show what a watch would do, deletions included.
      const hand = (client: KubeClient) => clients.push(client);
      return await show(await this.begin(context, { watches: true, stateUse, hand }));
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  }
}
