/** An HTTP server that answers as a test says, and a real client of it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { nextTurn } from '../../../src/async/next-turn.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { ClusterInfo, KubeClient } from '../../../src/kube/api/client.ts';
import { createHttp } from '../../../src/kube/connect/http.ts';
import { createClient } from '../../../src/kube/connect/rest.ts';
import type { Credentials } from '../../../src/kube/login/credentials.ts';
import { createLogin } from '../../../src/kube/login/login.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: unknown;
}

export type Answer = (request: FakeRequest, response: ServerResponse) => void | Promise<void>;

export interface FakeOptions {
  readonly requestTimeoutMs?: number;
  readonly clock?: Clock;
  /** Bearer tokens in order, one for each login. */
  readonly tokens?: readonly string[];
  readonly onWarning?: (text: string) => void;
}

export interface FakeApiServer {
  readonly kube: KubeClient;
  readonly cluster: ClusterInfo;
  readonly url: string;
  /** Every request so far. */
  readonly requests: FakeRequest[];
  /** Resolves once its client has read what was written before: bytes go the way of a connection that is made later. */
  delivered(): Promise<void>;
  /** Cuts every connection, and refuses new ones until `restart`. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function fakeApiServer(answer: Answer, options: FakeOptions = {}): Promise<FakeApiServer> {
  const requests: FakeRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const request = await read(incoming);
    requests.push(request);
    await answer(request, response);
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const cluster = { context: 'fake', server: url, namespace: 'default', user: 'tester' };
  const kube = clientOf(cluster, options);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    kube,
    cluster,
    url,
    requests,
    stop,
    async delivered() {
      const later = connect(port, '127.0.0.1');
      await once(later, 'connect');
      later.destroy();
      await nextTurn();
    },
    restart: () => listen(server, port),
    async close() {
      await kube.close();
      if (server.listening) await stop();
    },
  };
}

function clientOf(cluster: ClusterInfo, options: FakeOptions): KubeClient {
  const { clock = systemClock, requestTimeoutMs = 5_000, tokens = ['a-token'], onWarning } = options;
  let logins = 0;
  const login = createLogin(async () => {
    const token = tokens[Math.min(logins++, tokens.length - 1)];
    const credentials: Credentials = {
      headers: { Authorization: `Bearer ${token}` },
      tls: {},
      proxy: undefined,
      agent: undefined,
    };
    return async () => credentials;
  }, clock);
  const transport = createHttp(cluster, login, { userAgent: 'test', connectTimeoutMs: requestTimeoutMs });
  return createClient(cluster, transport, { requestTimeoutMs, clock, onWarning });
}

async function read(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://x');
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: incoming.headers,
    rawHeaders: incoming.rawHeaders,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  body: unknown,
  code = 200,
  headers: Record<string, string> = {},
) {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with a failure, as the API server words it. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
) {
  sendJson(response, statusBody(code, reason, message), code, headers);
}

export function statusBody(code: number, reason: string, message: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
