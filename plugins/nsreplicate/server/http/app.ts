/** The HTTP server: routes with their limits, their authentication, and problems where something is wrong. */
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { type Caller, isEnough } from './account.ts';
import { BODY_BYTES, CONNECTIONS, HEADER_BYTES, limitPerAddress, type Times, times } from './limits.ts';
import { defect, Problem, problemOf } from './problem.ts';
import type { Ask, Route } from './route.ts';
import { object } from './schema.ts';
import type { TlsPair } from './tls.ts';

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly tls: TlsPair | undefined;
  /** Who a token belongs to; undefined where it is not valid, or not any more. */
  readonly authenticate: (token: string) => Promise<Caller | undefined>;
  /** Why an account is needed and none is there yet, for whoever asks without one. */
  readonly hint: () => string | undefined;
  /** A request was answered, after so many milliseconds. */
  readonly answered: (method: string, path: string, status: number, ms: number) => void;
  /** A defect of this program: its client hears no more than that. */
  readonly defect: (error: unknown, path: string) => void;
  readonly signal: AbortSignal;
  /** Those of limits.ts where absent. */
  readonly times?: Times;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** For every answer: nothing is kept by browsers, framed by others, or loaded from elsewhere. */
const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** An app that is ready to listen. */
export function createApp(options: AppOptions): FastifyInstance {
  const { tls, routes, times: { headers: headersTimeout, request, idle, check } = times } = options;
  const limits = { maxHeaderSize: HEADER_BYTES, headersTimeout, connectionsCheckingInterval: check };
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: request,
    connectionTimeout: idle,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300 },
    exposeHeadRoutes: false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: false } },
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, malformed(error)),
    clientErrorHandler: (error, socket) => refuse(error as NodeJS.ErrnoException, socket as Socket),
    ...(tls ? { https: { ...tls, ...limits, handshakeTimeout: headersTimeout } } : { http: limits }),
  }) as unknown as FastifyInstance;
  guard(app.server, tls !== undefined);
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (_request, reply) => void reply.headers(headers));
  app.addHook('onResponse', async (request, reply) => {
    const path = request.routeOptions.url ?? 'unknown';
    options.answered(request.method, path, reply.statusCode, reply.elapsedTime);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => fail(error, request, reply, options));
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, new Problem(404, 'There is nothing here.')));
  for (const route of routes) serve(app, route, options);
  refuseOtherMethods(app, routes);
  return app;
}

function guard(server: Server | TlsServer, tls: boolean): void {
  server.maxConnections = CONNECTIONS;
  const limit = limitPerAddress();
  server.on('connection', limit);
  // A handshake that fails concerns nobody but its client.
  if (tls) server.on('tlsClientError', (_error: Error, socket: Socket) => void socket.destroy());
}

const urlOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

function serve(app: FastifyInstance, route: Route, options: AppOptions): void {
  const { params = {}, query = {}, body } = route;
  app.route({
    method: route.method,
    url: urlOf(route.path),
    exposeHeadRoute: isPart(route),
    schema: {
      params: object(params),
      querystring: object(query.required ?? {}, query.optional),
      ...(body ? { body } : {}),
    },
    onRequest: async (request) => {
      request.caller = await admit(request, route, options);
    },
    handler: async (request, reply) => {
      const {
        status = 200,
        body: content,
        headers: more = {},
      } = await route.handle(askOf(request, reply, options));
      reply.code(status).headers(more);
      if (content === undefined) return reply.send();
      return reply
        .type(route.type ?? 'application/json')
        .send(route.type ? content : JSON.stringify(content));
    },
  });
}

/** Whatever asks for a page may ask whether it is there. Other routes do something, or take a token. */
const isPart = ({ method, undocumented = false }: Route): boolean => method === 'GET' && undocumented;

/** The name of a scheme is not case-sensitive, and spaces follow it (RFC 9110, 11.1 and 11.4). */
const tokenOf = ({ headers: { authorization = '' } }: FastifyRequest): string | undefined =>
  /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];

/** Asked before a body is read: who may not ask does not get to send one. */
async function admit(
  request: FastifyRequest,
  route: Route,
  options: AppOptions,
): Promise<Caller | undefined> {
  const { needs, everywhere } = route;
  if (needs === 'nobody') return undefined;
  const token = tokenOf(request);
  const caller = token === undefined ? undefined : await options.authenticate(token);
  if (!caller)
    throw new Problem(
      401,
      token === undefined ? 'A bearer token is needed.' : 'The token is not valid, or not any more.',
      {
        hint: options.hint() ?? 'POST /api/login gives one.',
        headers: { 'www-authenticate': 'Bearer' },
      },
    );
  if (!isEnough(caller.role, needs))
    throw new Problem(403, `This needs the role ${needs}; ${caller.name} is ${caller.role}.`);
  if (everywhere && caller.namespaces)
    throw new Problem(
      403,
      `This concerns all namespaces; the role of ${caller.name} is for ${caller.namespaces.join(', ')}.`,
    );
  return caller;
}

function askOf(request: FastifyRequest, reply: FastifyReply, { signal, authenticate }: AppOptions): Ask {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const { query, body, params, caller, ip: address } = request;
  const token = tokenOf(request);
  const recheck = async () => (token === undefined ? undefined : authenticate(token));
  return { query, body, params, caller, recheck, address, signal: AbortSignal.any([signal, gone.signal]) };
}

/** Whatever else is asked of a path that is served, and says what may be asked. */
function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  for (const [path, served] of Map.groupBy(routes, (route) => route.path)) {
    const allowed = served.flatMap((route) => (isPart(route) ? [route.method, 'HEAD'] : [route.method]));
    app.route({
      method: methods.filter((method) => !allowed.some((one) => one === method)),
      url: urlOf(path),
      onRequest: async (_request, reply) =>
        sendProblem(
          reply,
          new Problem(405, `Only ${allowed.join(' and ')} here.`, { headers: { allow: allowed.join(', ') } }),
        ),
      handler: async () => undefined,
    });
  }
}

function fail(error: FastifyError, request: FastifyRequest, reply: FastifyReply, options: AppOptions) {
  const problem = problemOf(error) ?? malformed(error);
  const isProblem = error instanceof Problem;
  // Who went away, or a service that ends, is no defect.
  const isOver = reply.raw.destroyed || options.signal.aborted;
  if (problem.status >= 500 && !isProblem && !isOver) options.defect(error, request.routeOptions.url ?? '');
  // What clusters say is for those who are let in.
  const isTold = isProblem || problem.status < 500 || request.caller !== undefined;
  return sendProblem(
    reply,
    isTold ? problem : new Problem(problem.status, 'It failed; the log of the service says why.'),
  );
}

/** What the framework itself refuses; its own statuses below 500 are about the request. */
function malformed(error: FastifyError): Problem {
  const { statusCode = 500, validation, message } = error;
  if (validation) return new Problem(400, `The request is not as it should be: ${message}.`);
  if (statusCode === 415)
    return new Problem(415, message, {
      hint: 'Send JSON, with the header `content-type: application/json`.',
    });
  if (statusCode >= 400 && statusCode < 500) return new Problem(statusCode, message);
  return defect();
}

function sendProblem(reply: FastifyReply, problem: Problem) {
  return reply
    .code(problem.status)
    .headers({ ...headers, ...problem.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problem.document));
}

/** What is no HTTP, too large, or too slow, before there is a request. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const problem = new Problem(
    status,
    status === 400 ? 'This is no HTTP request.' : 'The request is too large, or too slow.',
  );
  const body = JSON.stringify(problem.document);
  const head = [
    `HTTP/1.1 ${status} ${problem.document.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
