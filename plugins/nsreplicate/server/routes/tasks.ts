/** Tasks: how they stand, and what people may ask of them. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { approvalDigest, approvalOf } from '../../decide/approval.ts';
import { type ControlChange, recordOf, writeControl } from '../../state/control.ts';
import { describeNewer } from '../../state/state.ts';
import type { Caller } from '../http/account.ts';
import { Problem } from '../http/problem.ts';
import { type Ask, route } from '../http/route.ts';
import { input, list, object, type Schema, text } from '../http/schema.ts';
import type { Board, BoardTask } from '../tasks/board.ts';
import { taskDocument, taskSchema } from '../tasks/task-document.ts';

export interface TasksOptions {
  readonly board: Board;
  readonly state: KubeClient;
  readonly clock: Clock;
}

export interface Named {
  readonly name: string;
}
export const taskParams = { name: input('Name of the task', 63) };

/** @throws {Problem} 404: there is none; 409: a newer version of this plugin runs it */
export function findTask(board: Board, name: string): BoardTask {
  const task = board.task(name);
  if (task) return task;
  const newer = board.newerTask(name);
  if (newer) throw new Problem(409, describeNewer(newer), { hint: 'Update this service.' });
  throw new Problem(404, `There is no task ${JSON.stringify(name)}.`);
}

/** Of these nothing is told. */
const newerSchema = object({ task: text(), schema: text('Which a newer version of this plugin wrote') });

export const tasksRoutes = (options: TasksOptions) => [
  route({
    method: 'GET',
    path: '/api/tasks',
    summary: 'All tasks whose state is in this cluster.',
    needs: 'viewer',
    answers: {
      200: {
        description: 'The tasks',
        schema: object({ tasks: list(taskSchema), newer: list(newerSchema) }),
      },
    },
    handle: ({ caller }) => ({
      body: {
        tasks: options.board.tasks().map((task) => taskDocument(task, caller as Caller)),
        newer: options.board.newer,
      },
    }),
  }),
  asking(options, 'pause', 'Lets a task hold: nothing is written until it is resumed.', undefined, () => ({
    paused: true,
  })),
  asking(options, 'resume', 'Lets a paused task go on.', undefined, () => ({ paused: false })),
  asking(
    options,
    'approve',
    'Lets the deletions go on that were shown, and no others.',
    object({ digest: input('Of what was shown', 64) }),
    (task, body) => ({
      approval: approvalOf(options.clock.now(), checked(task, body as { digest: string })),
    }),
  ),
];

/** @throws {Problem} 409: something else waits now */
function checked({ name, status }: BoardTask, { digest }: { readonly digest: string }): string {
  const now = approvalDigest(status.replicas);
  if (now === digest) return digest;
  throw new Problem(
    409,
    now === undefined
      ? `No deletions of task ${name} wait.`
      : 'Other deletions wait now than those that were shown.',
    { hint: 'Look at the task again: its digest stands for what waits now.' },
  );
}

function asking(
  { board, state, clock }: TasksOptions,
  verb: 'pause' | 'resume' | 'approve',
  summary: string,
  body: Schema | undefined,
  change: (task: BoardTask, body: unknown) => ControlChange,
) {
  return route<{ params: Named }>({
    method: 'POST',
    path: `/api/tasks/{name}/${verb}`,
    summary,
    needs: 'operator',
    everywhere: true,
    params: taskParams,
    ...(body ? { body } : {}),
    answers: { 202: { description: 'It is asked for', schema: object({ task: text(), asked: text() }) } },
    problems: [404, 409, 502],
    handle: async ({ params, body, caller, signal }: Ask<unknown, unknown, Named>) => {
      const task = findTask(board, params.name);
      const wanted = change(task, body);
      const asked = recordOf(wanted, (caller as Caller).name, clock.now());
      await writeControl(state, task.name, wanted, asked, { signal });
      return { status: 202, body: { task: task.name, asked: asked.what } };
    },
  });
}
