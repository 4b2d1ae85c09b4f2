/** The transport over undici. */
import { isDeepStrictEqual } from 'node:util';
import type { Dispatcher } from 'undici';
import { DeadlineExceeded } from '../../async/deadline.ts';
import { until } from '../../async/until.ts';
import type { ClusterInfo } from '../api/client.ts';
import { connectionError } from '../api/connection-error.ts';
import { OpenSockets } from '../api/open-sockets.ts';
import type { HttpRequest, HttpResponse, Transport } from '../api/transport.ts';
import type { Credentials } from '../login/credentials.ts';
import type { Login } from '../login/login.ts';
import { createDispatchers, type DispatcherOptions, type Dispatchers } from './dispatchers.ts';

export interface HttpOptions extends Omit<DispatcherOptions, 'sockets'> {
  readonly userAgent: string;
}

/** A transport to one API server with the credentials of one login. */
export function createHttp(cluster: ClusterInfo, login: Login, options: HttpOptions): Transport {
  const { origin, pathname } = new URL(cluster.server);
  const prefix = pathname.replace(/\/$/, '');
  const sockets = new OpenSockets();
  const pools = createPools({ ...options, sockets });

  const send = async (request: HttpRequest, credentials: Credentials): Promise<HttpResponse> => {
    const { requests, streams } = pools.of(credentials);
    const answering = inTime(request.streaming ? streams : requests, request).request({
      origin,
      path: prefix + request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: { 'user-agent': options.userAgent, ...request.headers, ...credentials.headers },
      body: request.body ?? null,
      signal: request.signal ?? null,
      bodyTimeout: request.bodyIdleMs ?? 0,
    });
    // undici looks at the signal only once there is a connection, and a silent proxy may never make one.
    const answer = await until(answering, request.signal).catch((error) => {
      answering.then(({ body }) => body.destroy()).catch(() => {});
      return fail(cluster, request, error);
    });
    return responseOf(cluster, request, answer);
  };

  return {
    async ready(signal) {
      if (!login.known()) await until(login.current(), signal);
    },
    async request(request) {
      const credentials = login.known() ?? (await login.current());
      const first = await send(request, credentials);
      if (first.status !== 401) return first;
      const renewed = await login.refresh(credentials);
      if (renewed === credentials) return first;
      first.discard();
      return send(request, renewed);
    },
    async webSocket({ refresh = false } = {}) {
      const known = await login.current();
      const { headers, tls, agent } = refresh ? await login.refresh(known) : known;
      return { url: origin.replace(/^http/, 'ws') + prefix, headers, tls, agent, sockets };
    },
    loseConnections: (why) => sockets.loseAll(why),
    close: () => pools.close(),
  };
}

/** The pools of the TLS settings in use; new ones where a client certificate was replaced. */
function createPools(options: DispatcherOptions) {
  const all: Dispatchers[] = [];
  let latest: { credentials: Credentials; pools: Dispatchers } | undefined;
  return {
    of(credentials: Credentials): Dispatchers {
      if (latest?.credentials === credentials) return latest.pools;
      const same = latest && isDeepStrictEqual(latest.credentials.tls, credentials.tls);
      const pools = same && latest ? latest.pools : createDispatchers(credentials, options);
      if (!same) all.push(pools);
      latest = { credentials, pools };
      return pools;
    },
    async close() {
      await Promise.all(all.flatMap(({ requests, streams }) => [requests.destroy(), streams.destroy()]));
    },
  };
}

/** Sends nothing that may not go any more when its turn has come. */
function inTime(dispatcher: Dispatcher, { isInTime }: HttpRequest): Dispatcher {
  if (isInTime === undefined) return dispatcher;
  return dispatcher.compose(
    (dispatch) => (options, handler) => dispatch(options, unlessLate(handler, isInTime)),
  );
}

function unlessLate(
  handler: Dispatcher.DispatchHandler,
  isInTime: () => boolean,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      handler.onRequestStart?.(controller, context);
      if (!isInTime()) controller.abort(new DeadlineExceeded('its time was over before it was sent'));
    },
    onRequestUpgrade: (...told) => handler.onRequestUpgrade?.(...told),
    onResponseStart: (...told) => handler.onResponseStart?.(...told),
    onResponseData: (...told) => handler.onResponseData?.(...told),
    onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
    onResponseError: (...told) => handler.onResponseError?.(...told),
  };
}

/** The caller's own reason where its signal ended the request, else what the network means. */
function fail(cluster: ClusterInfo, request: HttpRequest, error: unknown): never {
  request.signal?.throwIfAborted();
  if (error instanceof DeadlineExceeded) throw error;
  throw connectionError(cluster, error);
}

function responseOf(
  cluster: ClusterInfo,
  request: HttpRequest,
  { statusCode, headers, body }: Dispatcher.ResponseData,
): HttpResponse {
  // Whoever reads the body gets its error; where no one reads it, it is of no interest.
  body.on('error', () => {});
  return {
    status: statusCode,
    headers,
    text: () => body.text().catch((error) => fail(cluster, request, error)),
    async *bytes() {
      try {
        yield* body;
      } catch (error) {
        fail(cluster, request, error);
      }
    },
    discard: () => void body.destroy(),
  };
}
