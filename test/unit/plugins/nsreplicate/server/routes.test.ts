/** What the routes of jobs and users answer to what can't be meant. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Caller } from '../../../../../plugins/nsreplicate/server/http/account.ts';
import { createApp } from '../../../../../plugins/nsreplicate/server/http/app.ts';
import { jobsRoutes } from '../../../../../plugins/nsreplicate/server/routes/jobs.ts';
import { type UsersOptions, usersRoute } from '../../../../../plugins/nsreplicate/server/routes/users.ts';
import type { Board, BoardJob } from '../../../../../plugins/nsreplicate/server/tasks/board.ts';
import type { Secret } from '../../../../../src/kube/api/objects.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const jobs: BoardJob[] = [];
const board = { tasks: () => [{ name: 't' }], jobs: () => jobs } as unknown as Board;
const state = fakeKube();
const clock = fakeClock();
const hashing = { hash: async () => 'h' } as unknown as UsersOptions['hashing'];
const ended = new AbortController();
/** Who has which token; anybody else's is that of an admin of everything. */
const callers: Readonly<Record<string, Caller>> = {
  'b.b.b': { name: 'bea', role: 'admin', namespaces: ['shop'] },
};
const app = createApp({
  routes: [...jobsRoutes({ board, state, clock }), usersRoute({ state, hashing, clock })],
  tls: undefined,
  authenticate: async (token) => callers[token] ?? { name: 'ann', role: 'admin' },
  hint: () => undefined,
  answered: () => undefined,
  defect: (error) => {
    throw error;
  },
  signal: ended.signal,
});
let url = '';
beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  ended.abort();
  await app.close();
  await state.close();
});

const post = async (path: string, body?: object, token = 'a.a.a') => {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.status;
};

const usersMade = (): string[] =>
  state.objects.all('/secrets', undefined).flatMap((secret) => Object.keys((secret as Secret).data ?? {}));

test.each([
  ['failed', 1, 202],
  ['running', 2, 202],
  ['running', 1, 409],
  ['pending', 0, 409],
  // It failed at first, and was done then.
  ['done', 3, 409],
] as const)('a job that is %s at attempt %d: a retry is answered with %d', async (is, attempts, status) => {
  jobs[0] = {
    ...{ id: 'j', task: 't', change: 'd', kind: 'Secret', namespace: 'shop', name: 'a', replica: 'b' },
    ...{ state: is, attempts, startedAt: '2026-01-01T00:00:00Z' },
  };
  expect(await post('/retry?jobid=j')).toBe(status);
});

test('a user who would see no namespace is not made', async () => {
  const user = { username: 'bob', password: 'long enough', role: 'viewer' };
  expect(await post('/api/users', { ...user, namespaces: [] })).toBe(400);
  expect(await post('/api/users', { ...user, namespaces: ['shop'] })).toBe(201);
});

test.each([
  ['everything', undefined, 403],
  ['another namespace', ['pay'], 403],
  ['another namespace beside their own', ['shop', 'pay'], 403],
  ['their own namespace', ['shop'], 201],
])(
  'an admin of one namespace who makes a user for %s: %j, is answered with %d',
  async (_what, namespaces, status) => {
    for (const role of ['viewer', 'admin']) {
      const username = `${role}-${status}`;
      const user = { username, password: 'long enough', role, ...(namespaces && { namespaces }) };
      expect(await post('/api/users', user, 'b.b.b')).toBe(status);
      expect(usersMade().includes(username)).toBe(status === 201);
    }
  },
);
