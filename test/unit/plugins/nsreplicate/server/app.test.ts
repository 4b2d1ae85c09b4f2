/** The HTTP server with routes of the test's own, on a real socket. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AppOptions, createApp } from '../../../../../plugins/nsreplicate/server/http/app.ts';
import { limitPerAddress } from '../../../../../plugins/nsreplicate/server/http/limits.ts';
import { problemsOf } from '../../../../../plugins/nsreplicate/server/http/openapi.ts';
import { tooMany } from '../../../../../plugins/nsreplicate/server/http/problem.ts';
import { route } from '../../../../../plugins/nsreplicate/server/http/route.ts';
import { count, input, object } from '../../../../../plugins/nsreplicate/server/http/schema.ts';

const routes = [
  route({
    method: 'GET',
    path: '/open',
    summary: '',
    needs: 'nobody',
    query: { optional: { page: count() } },
    answers: {},
    handle: ({ query }) => ({ body: query }),
  }),
  route({
    method: 'GET',
    path: '/closed',
    summary: '',
    needs: 'operator',
    answers: {},
    handle: () => ({ body: {} }),
  }),
  route({
    method: 'GET',
    path: '/all',
    summary: '',
    needs: 'viewer',
    everywhere: true,
    answers: {},
    handle: () => ({ body: {} }),
  }),
  route({
    method: 'POST',
    path: '/things/{name}',
    summary: '',
    needs: 'nobody',
    params: { name: input('', 20) },
    body: object({ value: input('', 10) }),
    answers: {},
    handle: ({ params, body }) => ({ status: 201, body: { params, body } }),
  }),
  route({
    method: 'GET',
    path: '/defect',
    summary: '',
    needs: 'nobody',
    answers: {},
    handle: () => {
      throw new Error('hunter2 is the password');
    },
  }),
  route({
    method: 'GET',
    path: '/busy',
    summary: '',
    needs: 'nobody',
    answers: {},
    handle: () => {
      throw tooMany('Later.', 2.5);
    },
  }),
];

const bodiless = route({
  method: 'POST',
  path: '/things/{name}/go',
  summary: '',
  needs: 'nobody',
  params: { name: input('', 20) },
  answers: {},
  handle: () => ({ body: {} }),
});

const part = route({
  method: 'GET',
  path: '/',
  summary: '',
  needs: 'nobody',
  type: 'text/html; charset=utf-8',
  answers: {},
  undocumented: true,
  handle: () => ({ body: '<p>page</p>' }),
});

const defects: unknown[] = [];
const callers: Record<string, Awaited<ReturnType<AppOptions['authenticate']>>> = {
  'a.a.a': { name: 'ann', role: 'viewer' },
  'b.b.b': { name: 'bob', role: 'admin', namespaces: ['shop'] },
};
const ended = new AbortController();
const app = createApp({
  routes: [...routes, bodiless, part],
  tls: undefined,
  authenticate: async (token) => callers[token],
  hint: () => undefined,
  answered: () => undefined,
  defect: (error) => void defects.push(error),
  signal: ended.signal,
});
let url = '';
beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  ended.abort();
  await app.close();
});

const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const bearer = (token: string, scheme = 'Bearer') => ({
  headers: { authorization: `${scheme} ${token}` },
});
const post = (body: string, type = 'application/json') => ({
  method: 'POST',
  body,
  headers: { 'content-type': type },
});

/** What a server says to bytes that are sent as they are. */
async function send(bytes: string): Promise<string> {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => {
    said += String(chunk);
  });
  // The server may be done with it before all of it is sent.
  socket.on('error', () => undefined);
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}

describe('a request', () => {
  test('is answered, with headers that let a browser do nothing else with it', async () => {
    const { status, headers, body } = await ask('/open?page=2');
    expect({ status, body }).toEqual({ status: 200, body: { page: 2 } });
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['/open?page=x', 400],
    ['/open?pages=1', 400],
    ['/%zz', 400],
    ['/nothing', 404],
    ['/open/../../etc/passwd', 404],
    ['/busy', 429],
    ['/closed', 401],
  ])('GET %s is a problem: %d', async (path, wanted) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(wanted);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ type: 'about:blank', status: wanted, detail: expect.any(String) });
  });

  test.each([
    ['not JSON', post('{'), 400],
    ['a poisoned object', post('{"__proto__": {"value": "x"}}'), 400],
    ['a field too many', post('{"value": "x", "more": 1}'), 400],
    ['too long a value', post(JSON.stringify({ value: 'x'.repeat(11) })), 400],
    ['another type', post('value=x', 'text/plain'), 415],
    ['too large', post(JSON.stringify({ value: 'x'.repeat(20_000) })), 413],
  ])('with a body that is %s is a problem', async (_name, init, wanted) => {
    expect((await ask('/things/one', init)).status).toBe(wanted);
  });

  test.each([
    ['a body of another type', '/things/one/go', 'text/plain', 'x', 415],
    ['too large a body', '/things/one/go', 'application/json', `"${'x'.repeat(20_000)}"`, 413],
    ['too long a name', `/things/${'x'.repeat(2000)}/go`, 'application/json', '{}', 414],
  ])('with %s is documented, also where no body is asked for', async (_what, path, type, body, wanted) => {
    const answer = await ask(path, post(body, type));
    expect([answer.status, answer.body]).toEqual([wanted, expect.objectContaining({ status: wanted })]);
    expect(answer.body.title).not.toBe('Error');
    expect(problemsOf(bodiless)).toContain(wanted);
  });

  test('of another method is told which there are', async () => {
    const { status, headers } = await ask('/open', { method: 'DELETE' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });

  test('HEAD of a part of the page is as GET, without a body; nothing else is asked by it', async () => {
    const [head, get, none] = await Promise.all([
      fetch(url, { method: 'HEAD' }),
      fetch(url),
      fetch(`${url}/open`, { method: 'HEAD' }),
    ]);
    const told = ({ status, headers }: Response) => [
      status,
      ...['content-type', 'content-length', 'content-security-policy'].map((name) => headers.get(name)),
    ];
    expect(told(head)).toEqual(told(get));
    expect([await head.text(), await get.text()]).toEqual(['', '<p>page</p>']);
    expect(none.status).toBe(405);
    const other = await ask('/', { method: 'PUT' });
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('with a body of another type, or of none, is told what to send', async () => {
    const form = await ask('/things/one', post('value=x', 'application/x-www-form-urlencoded'));
    const bytes = await ask('/things/one', { method: 'POST', body: new Uint8Array([123, 125]) });
    for (const { status, headers, body } of [form, bytes]) {
      expect([status, headers.get('content-type')]).toEqual([
        415,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
      expect(body).toMatchObject({ hint: expect.stringContaining('content-type: application/json') });
    }
  });

  test('that meets a defect tells its client nothing, and the log all', async () => {
    const { status, body } = await ask('/defect');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(defects).toEqual([expect.objectContaining({ message: 'hunter2 is the password' })]);
  });

  test('that may come later is told when', async () => {
    expect((await ask('/busy')).headers.get('retry-after')).toBe('3');
  });

  test.each([
    ['no HTTP', 'GARBAGE\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
  ])('that is %s is answered all the same', async (_name, bytes, status) => {
    expect(await send(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe('who asks', () => {
  test.each([
    ['/closed', undefined, 401],
    ['/closed', 'x.y.z', 401],
    ['/closed', 'a.a.a', 403],
    ['/closed', 'b.b.b', 200],
    ['/all', 'a.a.a', 200],
    ['/all', 'b.b.b', 403],
  ])('GET %s with token %s: %d', async (path, token, wanted) => {
    expect((await ask(path, token === undefined ? {} : bearer(token))).status).toBe(wanted);
  });

  test.each(['bearer', 'BEARER', 'Bearer '])(
    'may name the scheme of its token in any case: %j',
    async (scheme) => {
      expect((await ask('/all', bearer('a.a.a', scheme))).status).toBe(200);
    },
  );

  test.each(['token', 'access_token', 'authorization', 'bearer'])(
    'is known by a header alone: a cookie %s, or that in the address, is no token',
    async (name) => {
      const cookie = `${name}=b.b.b; ${name}2=Bearer b.b.b`;
      for (const path of ['/closed', `/closed?${name}=b.b.b`])
        expect((await ask(path, { headers: { cookie } })).status).toBe(401);
    },
  );

  test('is told how to ask', async () => {
    expect((await ask('/closed')).headers.get('www-authenticate')).toBe('Bearer');
  });

  test('is looked at before the body is read', async () => {
    const said = await send('POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n');
    expect(said).toMatch(/^HTTP\/1.1 405 /);
  });
});

test('one address has so many connections, and more again when some are closed', () => {
  const limit = limitPerAddress(2);
  const connection = () => {
    const closed: (() => void)[] = [];
    const one = {
      remoteAddress: '10.0.0.1',
      destroyed: false,
      once: (_event: 'close', heard: () => void) => closed.push(heard),
      destroy: () => {
        one.destroyed = true;
      },
    };
    limit(one);
    return { one, close: () => closed.forEach((heard) => void heard()) };
  };
  const [first, , third] = [connection(), connection(), connection()];
  expect([first.one.destroyed, third.one.destroyed]).toEqual([false, true]);
  first.close();
  expect(connection().one.destroyed).toBe(false);
});
