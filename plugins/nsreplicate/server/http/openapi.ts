/** The OpenAPI document, made of the routes that are served. */
import { roles } from './account.ts';
import type { Route } from './route.ts';
import { type Fields, problemSchema, type Schema } from './schema.ts';

/** Problems that any request may meet: malformed, too slow, too large a head, or a defect. */
const always = [400, 408, 431, 500];

/** Statuses of problems that a route may answer. */
export function problemsOf({ needs, method, params, problems = [] }: Route): number[] {
  const authorised = needs === 'nobody' ? [] : [401, 403];
  // A body is read, and then refused, also where none is asked for.
  const ofBodies = method === 'GET' ? [] : [413, 415];
  const ofAddresses = params === undefined ? [] : [414];
  const statuses = new Set([...always, ...authorised, ...ofBodies, ...ofAddresses, ...problems]);
  return [...statuses].sort((a, b) => a - b);
}

/** @param version of the plugin */
export function openApi(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes.filter(({ undocumented }) => !undocumented)) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operation(route);
    paths[route.path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'kubectl nsreplicate',
      version,
      description: 'Tasks that keep namespaces of a primary cluster the same on replicas.',
    },
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operation(route: Route) {
  const {
    summary,
    needs,
    everywhere,
    params = {},
    query = {},
    body,
    type = 'application/json',
    answers,
  } = route;
  const successes = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    { description, ...(schema ? { content: { [type]: { schema } } } : {}) },
  ]);
  const problems = problemsOf(route).map((status) => [String(status), problemAnswer]);
  return {
    summary,
    ...(needs === 'nobody'
      ? {}
      : { description: whoMay(needs, everywhere ?? false), security: [{ token: [] }] }),
    parameters: [
      ...parameters('path', params, true),
      ...parameters('query', query.required ?? {}, true),
      ...parameters('query', query.optional ?? {}, false),
    ],
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: Object.fromEntries([...successes, ...problems]),
  };
}

const whoMay = (needs: (typeof roles)[number], everywhere: boolean): string =>
  `For ${roles.slice(roles.indexOf(needs)).join(', ')}${everywhere ? ', for all namespaces' : ''}.`;

const problemAnswer = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const parameters = (place: 'path' | 'query', fields: Fields, required: boolean) =>
  Object.entries(fields).map(([name, schema]: [string, Schema]) => ({ name, in: place, required, schema }));
