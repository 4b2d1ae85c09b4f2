/** Clients that take their time, on real sockets: they are sent away when it is over, and hold up nobody until then. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createApp } from '../../../../../plugins/nsreplicate/server/http/app.ts';
import type { Times } from '../../../../../plugins/nsreplicate/server/http/limits.ts';
import { route } from '../../../../../plugins/nsreplicate/server/http/route.ts';
import { input, object } from '../../../../../plugins/nsreplicate/server/http/schema.ts';
import { eventually } from '../../../../support/eventually.ts';
import { certificate, privateKey } from '../../../support/tls-fixture.ts';

const open = route({
  method: 'GET',
  path: '/open',
  summary: '',
  needs: 'nobody',
  answers: {},
  handle: () => ({ body: {} }),
});
const things = route({
  method: 'POST',
  path: '/things',
  summary: '',
  needs: 'nobody',
  body: object({ value: input('') }),
  answers: {},
  handle: ({ body }) => ({ status: 201, body }),
});

/** What each of them sends, and nothing after it. */
const slow = {
  nothing: '',
  'half of its headers': 'GET /open HTTP/1.1\r\nHost: x\r\nX-Mo',
  'half of its body':
    'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
};
/** Node itself looks at connections each 30 s: no test waits for as long. */
const short: Times = { headers: 100, request: 150, idle: 600_000, check: 20 };

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function listen({ times, tls }: { times?: Times; tls?: { cert: string; key: string } } = {}) {
  const ended = new AbortController();
  const defects: unknown[] = [];
  const app = createApp({
    ...{ routes: [open, things], tls, authenticate: async () => undefined, hint: () => undefined },
    ...{ answered: () => undefined, defect: (error) => void defects.push(error), signal: ended.signal },
    ...(times && { times }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  opened.push(async () => {
    ended.abort();
    await app.close();
  });
  return { url, defects, server: app.server };
}

/** A client that sends that much, and then waits. */
function hang(url: string, bytes: string): { readonly heard: () => string; readonly closed: () => boolean } {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  let [heard, closed] = ['', false];
  socket.on('data', (chunk) => {
    heard += String(chunk);
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    closed = true;
  });
  socket.write(bytes);
  opened.unshift(async () => socket.destroy());
  return { heard: () => heard, closed: () => closed };
}

describe('a client that sends', () => {
  test.each(Object.entries(slow))('%s is told that its time is over', async (_what, bytes) => {
    const { url, defects } = await listen({ times: short });
    const client = hang(url, bytes);
    await eventually(() => expect(client.closed()).toBe(true));
    const [head = '', body = ''] = client.heard().split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: 408, detail: expect.stringContaining('too slow') });
    expect(defects).toEqual([]);
  });

  test('no handshake of TLS is hung up on', async () => {
    const { url } = await listen({ times: short, tls: { cert: certificate, key: privateKey } });
    const client = hang(url, '');
    await eventually(() => expect(client.closed()).toBe(true));
    expect(client.heard()).toBe('');
  });
});

test('others are answered while many of them hang', async () => {
  const { url, server } = await listen();
  const clients = Array.from({ length: 30 }, () => Object.values(slow))
    .flat()
    .map((bytes) => hang(url, bytes));
  await eventually(
    () =>
      new Promise<void>((resolve, reject) =>
        server.getConnections((_error, count) =>
          count === clients.length ? resolve() : reject(new Error(`${count}`)),
        ),
      ),
  );
  const answer = await fetch(`${url}/things`, {
    method: 'POST',
    body: '{"value": "x"}',
    headers: { 'content-type': 'application/json' },
  });
  expect([(await fetch(`${url}/open`)).status, answer.status]).toEqual([200, 201]);
  expect(clients.filter((client) => client.closed() || client.heard() !== '')).toEqual([]);
});
