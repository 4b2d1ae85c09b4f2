/** What would change, asked of the clusters: of a whole task, or of one object. Values of Secrets are masked by the engine. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { look, planObject } from '../../preview/look.ts';
import { type PlannedChange, plan } from '../../preview/plan.ts';
import type { Survey } from '../../preview/survey.ts';
import { type Caller, covers } from '../http/account.ts';
import { Problem } from '../http/problem.ts';
import { route } from '../http/route.ts';
import { count, flag, input, list, object, text } from '../http/schema.ts';
import { findLive, type LiveOptions } from './overview.ts';
import { type Named, taskParams } from './tasks.ts';

export interface PlansOptions extends LiveOptions {
  readonly state: KubeClient;
  readonly clock: Clock;
}

const changeSchema = object(
  {
    replica: text(),
    kind: text(),
    namespace: text(),
    name: text(),
    action: text('create, update, delete, …'),
    blocked: flag('It would be tried, and fail'),
    diff: list(text('A field a line')),
  },
  { note: text() },
);
const unreadSchema = object({ cluster: text(), kind: text(), why: text() });

const MOST_CHANGES = 500;

/** A look at whole clusters is dear, so there is one at a time. */
class OneAtATime {
  #busy = false;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy)
      throw new Problem(503, 'Another look at the clusters is under way.', {
        headers: { 'retry-after': '5' },
      });
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}

export function plansRoutes(options: PlansOptions) {
  const turn = new OneAtATime();
  return [planRoute(options, turn), diffRoute(options, turn)];
}

const planRoute = ({ state, clock, ...options }: PlansOptions, turn: OneAtATime) =>
  route<{ params: Named }>({
    method: 'POST',
    path: '/api/tasks/{name}/plan',
    summary: 'What would change on each replica. Nothing is written.',
    needs: 'operator',
    everywhere: true,
    params: taskParams,
    answers: {
      200: {
        description: 'The changes, the first of them',
        schema: object({ total: count(), changes: list(changeSchema), unread: list(unreadSchema) }),
      },
    },
    problems: [404, 409, 502, 503],
    handle: ({ params, signal }) =>
      turn.run(async () => {
        const live = findLive(options, params.name);
        const surveyed = await look({ ...live, state, clock, signal });
        const changes = (await plan(surveyed, live.spec, signal)).filter(({ action }) => action !== 'left');
        const shown = changes.slice(0, MOST_CHANGES).map(changeDocument);
        return { body: { total: changes.length, changes: shown, unread: unreadOf(surveyed) } };
      }),
  });

interface ObjectQuery {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

const diffRoute = ({ state, clock, ...options }: PlansOptions, turn: OneAtATime) =>
  route<{ params: Named; query: ObjectQuery }>({
    method: 'GET',
    path: '/api/tasks/{name}/diff',
    summary: 'How one object differs between the primary and each replica. Values of Secrets are masked.',
    needs: 'viewer',
    params: taskParams,
    query: {
      required: {
        kind: input('As jobs show it: Secret, Deployment.apps'),
        name: input('Name of the object'),
      },
      optional: { namespace: input('Namespace of the primary', 63) },
    },
    answers: {
      200: {
        description: 'What differs',
        schema: object({
          copied: flag('The primary has it, and a rule covers it'),
          changes: list(changeSchema),
          unread: list(unreadSchema),
        }),
      },
    },
    problems: [404, 409, 502, 503],
    handle: ({ params, query: { kind, namespace = '', name }, caller, signal }) => {
      if (!covers(caller as Caller, namespace))
        throw new Problem(
          403,
          `The role of ${caller?.name} is not for ${namespace === '' ? 'objects of the whole cluster' : namespace}.`,
        );
      return turn.run(async () => {
        const live = findLive(options, params.name);
        const found = await planObject({ ...live, state, clock, signal }, { kind, namespace, name });
        const changes = found.changes.map(changeDocument);
        return { body: { copied: found.isCopied, changes, unread: unreadOf(found.surveyed) } };
      });
    },
  });

const changeDocument = ({ replica, kind, namespace, name, action, blocked, diff, note }: PlannedChange) => ({
  replica,
  kind,
  namespace,
  name,
  action,
  blocked: blocked ?? false,
  diff,
  ...(note === undefined ? {} : { note }),
});

const unreadOf = ({ primary, unread, replicas }: Survey) => [
  ...unread.map(({ kind, why }) => ({ cluster: primary.name, kind, why })),
  ...replicas.flatMap(({ cluster, unread: there }) =>
    there.map(({ kind, why }) => ({ cluster: cluster.name, kind, why })),
  ),
];
