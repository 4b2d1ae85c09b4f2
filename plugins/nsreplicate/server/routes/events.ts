/** What the page lives on. */
import type { Caller } from '../http/account.ts';
import { route } from '../http/route.ts';
import { text } from '../http/schema.ts';
import type { EventStreams } from '../tasks/event-stream.ts';

export const eventsRoute = (streams: EventStreams) =>
  route({
    method: 'GET',
    path: '/api/events',
    summary: 'Tasks as they are, and then whenever they change, as server-sent events.',
    needs: 'viewer',
    type: 'text/event-stream',
    answers: {
      200: {
        description:
          '`event: task` with a task as /api/tasks shows it; `event: jobs` and `event: gone` with a name; `event: overall` with how many tasks there are, the names of those that a newer version of this plugin runs, and a problem where all of that may be old; `event: problem` with problem details, after which the stream ends',
        schema: text(),
      },
    },
    problems: [429],
    handle: ({ caller, recheck }) => ({ body: streams.open(caller as Caller, recheck) }),
  });
