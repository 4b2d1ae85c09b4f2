/** What a person on call asks first: how much is behind and fails, whether the clusters answer, and how that was before. */
import type { Clock } from '../../../../src/clock.ts';
import type { Done } from '../../decide/result-counts.ts';
import type { LiveTask } from '../../run/live-task.ts';
import type { ReplicaStatus } from '../../state/state.ts';
import { Problem } from '../http/problem.ts';
import { route } from '../http/route.ts';
import { count, flag, input, list, mapOf, number, object, text } from '../http/schema.ts';
import type { Board } from '../tasks/board.ts';
import type { LagHistory } from '../tasks/lag-history.ts';
import type { ReachableClusters } from '../tasks/reachable.ts';
import { findTask } from './tasks.ts';

export interface LiveOptions {
  readonly board: Board;
  /** Those that this process works on, or stands by for. */
  readonly tasks: () => readonly LiveTask[];
}

export interface OverviewOptions extends LiveOptions {
  readonly reachable: ReachableClusters;
  readonly history: LagHistory;
  readonly clock: Clock;
}

const counts = {
  total: count('Jobs in all: done, ongoing, failed and pending'),
  ongoing: count(),
  failed: count(),
  pending: count(),
};

const dashboardRoute = ({ board }: OverviewOptions) =>
  route({
    method: 'GET',
    path: '/api/dashboard',
    summary: 'Jobs in all and by replica.',
    needs: 'viewer',
    answers: {
      200: {
        description: 'Counts',
        schema: object({
          ...counts,
          objects: count('Objects that are kept the same'),
          replicas: list(
            object(
              { task: text(), replica: text(), ...counts, oldestMs: number() },
              { lagP50Ms: number(), lagP99Ms: number() },
            ),
          ),
        }),
      },
    },
    handle: () => {
      const tasks = board.tasks();
      const replicas = tasks.flatMap(({ name, status, atWork }) =>
        status.replicas.map((replica) => ({
          task: name,
          replica: replica.name,
          ...countsOf(replica, atWork),
          ...lagOf(replica),
        })),
      );
      const sum = (key: keyof typeof counts) => replicas.reduce((all, one) => all + one[key], 0);
      const inAll = {
        total: sum('total'),
        ongoing: sum('ongoing'),
        failed: sum('failed'),
        pending: sum('pending'),
      };
      const objects = tasks.reduce((all, { status }) => all + status.objects, 0);
      return { body: { ...inAll, objects, replicas } };
    },
  });

/** What was under way when an instance was killed waits for the next one. */
function countsOf({ behind, failed, parked, done, ...replica }: ReplicaStatus, atWork: boolean) {
  const running = atWork ? replica.running : 0;
  // What is tried again by itself is among what is behind, and counted as failed.
  const pending = Math.max(0, behind.pending - running - (failed - parked));
  const sum = Object.values((done ?? {}) as Done).reduce((all: number, one = 0) => all + one, 0);
  return { total: sum + running + failed + pending, ongoing: running, failed, pending };
}

const lagOf = ({ behind: { oldestMs, p50Ms, p99Ms } }: ReplicaStatus) => ({
  oldestMs,
  ...(typeof p50Ms === 'number' ? { lagP50Ms: p50Ms, lagP99Ms: p99Ms ?? p50Ms } : {}),
});

const clusterSchema = object({ name: text(), reachable: flag() }, { version: text(), problem: text() });

const statusRoute = ({ reachable, ...options }: OverviewOptions) =>
  route<{ query: { readonly task?: string } }>({
    method: 'GET',
    path: '/api/status',
    summary: 'Whether the primary and the replicas of a task of this process answer, and their versions.',
    needs: 'viewer',
    query: { optional: { task: input('Name of the task; the only one where absent') } },
    answers: {
      200: {
        description: 'The clusters',
        schema: object({ primary: clusterSchema, replicas: list(clusterSchema) }),
      },
    },
    problems: [404],
    handle: async ({ query }) => {
      const { primary, replicas } = findLive(options, query.task);
      const [first, ...others] = await Promise.all([primary, ...replicas].map((one) => reachable.ask(one)));
      return { body: { primary: first, replicas: others } };
    },
  });

/** @throws {Problem} 404: there is no such task, or another process works on it, and then says which */
export function findLive({ tasks, board }: LiveOptions, name: string | undefined): LiveTask {
  const all = tasks();
  const found = name === undefined ? all[0] : all.find(({ spec }) => spec.name === name);
  if (found) return found;
  const wanted = name ?? board.tasks()[0]?.name;
  const task = wanted === undefined ? undefined : board.task(wanted);
  if (!task) throw new Problem(404, 'There is no such task.');
  const worker = board.workerOf(task.name);
  throw new Problem(404, `This process does not work on task ${task.name}.`, {
    hint: worker === undefined ? 'No instance is at work on it now.' : `${worker} does: ask there.`,
  });
}

const MOST_MINUTES = 240;

const lagRoute = ({ board, history, clock }: OverviewOptions) =>
  route<{ query: { readonly task: string; readonly minutes?: number } }>({
    method: 'GET',
    path: '/api/lag',
    summary: 'How far the replicas of a task were behind, since this process began, four hours at most.',
    needs: 'viewer',
    query: {
      required: { task: input('Name of the task', 63) },
      optional: { minutes: { type: 'integer', minimum: 1, maximum: MOST_MINUTES, default: MOST_MINUTES } },
    },
    answers: {
      200: {
        description: 'Points by replica, the oldest first',
        schema: object({
          replicas: mapOf(
            list(
              object({
                at: number('Milliseconds since 1970'),
                pending: count(),
                oldestMs: number(),
                failed: count(),
              }),
            ),
          ),
        }),
      },
    },
    problems: [404, 409],
    handle: ({ query: { task, minutes = MOST_MINUTES } }) => {
      findTask(board, task);
      return { body: { replicas: history.points(task, clock.now().getTime() - minutes * 60_000) } };
    },
  });

export const overviewRoutes = (options: OverviewOptions) => [
  dashboardRoute(options),
  statusRoute(options),
  lagRoute(options),
];
