/** Whether the service lives, and whether it can answer. Nobody needs an account for that. */
import { Problem } from '../http/problem.ts';
import { route } from '../http/route.ts';
import { object, oneOf } from '../http/schema.ts';

/** @param problem why answers may be old or missing; undefined while they are not */
export function healthRoutes(problem: () => string | undefined) {
  const schema = object({ status: oneOf(['ok']) });
  return [
    route({
      method: 'GET',
      path: '/healthz',
      summary: 'Whether the process answers.',
      needs: 'nobody',
      answers: { 200: { description: 'It does', schema } },
      handle: () => ({ body: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      summary: "Whether the tasks' state can be read.",
      needs: 'nobody',
      answers: { 200: { description: 'It can', schema } },
      problems: [503],
      handle: () => {
        const why = problem();
        // The reason may name servers, and anybody may ask.
        if (why !== undefined) throw new Problem(503, "The tasks' state can't be read now.");
        return { body: { status: 'ok' } };
      },
    }),
  ];
}
