/** Jobs: which there are, and trying again those that failed. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { isFailing } from '../../jobs/failing.ts';
import { waitsForApproval } from '../../jobs/waits-for.ts';
import { describe, keyOf } from '../../objects/keys.ts';
import { recordOf, writeControl } from '../../state/control.ts';
import { type Caller, covers } from '../http/account.ts';
import { Problem } from '../http/problem.ts';
import { type Ask, type Method, route } from '../http/route.ts';
import { count, flag, input, list, object, oneOf, text, time } from '../http/schema.ts';
import type { Board, BoardJob } from '../tasks/board.ts';

export interface JobsOptions {
  readonly board: Board;
  readonly state: KubeClient;
  readonly clock: Clock;
}

const states = ['pending', 'running', 'done', 'failed'] as const;

const jobSchema = object(
  {
    id: text('Made of task, object, change and replica'),
    task: text(),
    replica: text(),
    kind: text(),
    name: text(),
    change: text('Digest of what the object is to be'),
    state: oneOf(states),
    attempts: count(),
    startedAt: time,
  },
  {
    namespace: text(),
    did: text('What was done'),
    reason: text(),
    message: text(),
    finishedAt: time,
    parked: flag('Not tried again by itself'),
  },
);

interface JobsQuery {
  readonly task?: string;
  readonly replica?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly state?: (typeof states)[number];
  readonly search?: string;
  readonly limit?: number;
  readonly offset?: number;
}

const LIMIT = 50;
const MOST = 500;

const jobsRoute = ({ board }: JobsOptions) =>
  route<{ query: JobsQuery }>({
    method: 'GET',
    path: '/api/jobs',
    summary: 'Jobs that are kept: those that fail, then those at work or waiting, then the last ones done.',
    needs: 'viewer',
    query: {
      optional: {
        task: input('Of this task'),
        replica: input('On this replica'),
        kind: input('Of this kind: Secret, Deployment.apps'),
        namespace: input('In this namespace of the primary'),
        state: oneOf(states),
        search: input('Part of an object, a reason or a message'),
        limit: { type: 'integer', minimum: 1, maximum: MOST, default: LIMIT },
        offset: { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 },
      },
    },
    answers: {
      200: {
        description: 'A page of jobs',
        schema: object({ jobs: list(jobSchema), total: count(), offset: count(), limit: count() }),
      },
    },
    handle: ({ query, caller }) => {
      const { limit = LIMIT, offset = 0 } = query;
      const kept = query.task === undefined ? board.jobsOfAll() : board.jobs(query.task);
      const chosen = kept.filter(
        (job) => covers(caller as Caller, job.namespace ?? '') && isChosen(job, query),
      );
      const jobs = chosen.slice(offset, offset + limit).map(jobDocument);
      return { body: { jobs, total: chosen.length, offset, limit } };
    },
  });

function isChosen(job: BoardJob, { replica, kind, namespace, state, search }: JobsQuery): boolean {
  const { kind: ownKind, namespace: ownNamespace = '', name, reason = '', message = '' } = job;
  return (
    (replica === undefined || job.replica === replica) &&
    (kind === undefined || ownKind.toLowerCase() === kind.toLowerCase()) &&
    (namespace === undefined || ownNamespace === namespace) &&
    (state === undefined || job.state === state) &&
    (search === undefined ||
      `${ownKind} ${ownNamespace}/${name} ${reason} ${message}`.toLowerCase().includes(search.toLowerCase()))
  );
}

/** Of a record, what the schema names: a newer version may have written more. */
function jobDocument(job: BoardJob) {
  const { id, task, replica, kind, name, change, state, attempts, startedAt } = job;
  const { namespace, did, reason, message, finishedAt, parked } = job;
  return {
    id,
    task,
    replica,
    kind,
    name,
    change,
    state,
    attempts,
    startedAt,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    ...(did === undefined ? {} : { did }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(parked === undefined ? {} : { parked }),
  };
}

interface RetryQuery {
  readonly jobid: string;
  readonly replica?: string;
}

const retryRoute = (method: Method, options: JobsOptions) =>
  route<{ query: RetryQuery }>({
    method,
    path: '/retry',
    summary: 'Tries a job again that failed, also one that is not tried again by itself.',
    needs: 'operator',
    query: { required: { jobid: input('Id of the job', 64) }, optional: { replica: input('Its replica') } },
    answers: {
      202: {
        description: 'It will be tried again',
        schema: object({ jobid: text(), task: text(), replica: text(), object: text() }),
      },
    },
    problems: [404, 409, 502],
    handle: (ask) => retry(options, ask),
  });

async function retry({ board, state, clock }: JobsOptions, { query, caller, signal }: Ask<RetryQuery>) {
  const job = findJob(board, query, caller as Caller);
  if (!isFailing(job))
    throw new Problem(409, 'The job does not fail.', { hint: 'Jobs that do: GET /api/jobs?state=failed' });
  if (waitsForApproval(job.reason))
    throw new Problem(409, 'The job waits for an approval, and a retry would only fail again.', {
      hint: 'See what waits, and approve it if it was meant.',
    });
  const { task, replica, id } = job;
  const now = clock.now();
  const object = keyOf(job.kind, job.namespace ?? '', job.name);
  const change = { retry: { id: now.toISOString(), object, replicas: [replica] } };
  await writeControl(state, task, change, recordOf(change, (caller as Caller).name, now), { signal });
  return { status: 202, body: { jobid: id, task, replica, object: describe(object) } };
}

/** @throws {Problem} 404: there is none, or none that the caller may know of */
function findJob(board: Board, { jobid, replica }: RetryQuery, caller: Caller): BoardJob {
  for (const { name } of board.tasks()) {
    const job = board.jobs(name).find(({ id }) => id === jobid);
    if (!job || !covers(caller, job.namespace ?? '')) continue;
    if (replica === undefined || replica === job.replica) return job;
  }
  throw new Problem(404, 'There is no such job.', {
    hint: 'A job is gone from the records when its object is as it should be, or has changed since.',
  });
}

export const jobsRoutes = (options: JobsOptions) => [
  jobsRoute(options),
  retryRoute('GET', options),
  retryRoute('POST', options),
];
