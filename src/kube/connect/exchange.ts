/** One request until it has an answer: time limit, retries where they are safe, failures as errors. */
import { backOff } from '../../async/back-off.ts';
import { type Deadline, DeadlineExceeded, deadline } from '../../async/deadline.ts';
import { type Clock, momentOf, msSince } from '../../clock.ts';
import { apiFailure, type Subject } from '../api/api-failure.ts';
import type { ClusterInfo, RawRequest } from '../api/client.ts';
import { ConnectionError, noAnswer } from '../api/connection-error.ts';
import type { HttpRequest, HttpResponse, Transport } from '../api/transport.ts';

export interface ExchangeOptions {
  /** Milliseconds for a request that names no limit of its own; 0 means none. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** Told the warnings that the API server puts beside its answers. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** A request, and what it is about. */
export interface Call extends RawRequest {
  readonly subject: Subject;
  /** May be sent twice: its second run changes nothing. GET always may. */
  readonly idempotent?: boolean;
}

export interface Exchange {
  /** The whole body of a success. The limit counts until its head, and then for each pause within it. */
  text(call: Call): Promise<string>;
  /** The body of a success as it comes; the limit counts until its head. */
  stream(call: Call): Promise<AsyncIterable<Uint8Array>>;
}

/** client-go's limit of answers with Retry-After that it obeys in a row (rest/request.go, maxRetries). */
const maxRetries = 10;

/** Milliseconds without a first answer after which that is said: nobody looks at a silent terminal for longer. */
const silenceMs = 4_000;

/** What a server gets of the time that is left to a write. */
const SERVER_SHARE = 0.9;

export function createExchange(
  cluster: ClusterInfo,
  transport: Transport,
  { requestTimeoutMs, clock, onWarning }: ExchangeOptions,
): Exchange {
  /** A server that never answered may be the wrong one: that is said at once, and not after retries. */
  let answered = false;

  /** `limit` is released by a successful `read`, or here. */
  const attempt = async <T>(call: Call, limit: Deadline, request: HttpRequest, read: Read<T>) => {
    try {
      const response = await transport.request(request);
      answered = true;
      for (const warning of warningsOf(response)) onWarning?.(`${cluster.context}: ${warning}`);
      if (response.status >= 200 && response.status < 300) {
        limit.disarm();
        return { value: await read(response, limit) };
      }
      const error = apiFailure(cluster, call.subject, response.status, await response.text());
      limit.release();
      return { error, delayMs: delayAsked(response) };
    } catch (error) {
      limit.release();
      if (!(error instanceof ConnectionError)) throw error;
      const repeatable = error.maybeSent ? (call.idempotent ?? call.method === 'GET') : answered;
      return { error, delayMs: error.transient && repeatable ? resendDelay : never };
    }
  };

  /** Tells once that a server which was never heard of does not answer, while it is still waited for. */
  let toldSilence = false;
  const tellSilence = (limitMs: number): (() => void) | undefined => {
    if (answered || toldSilence || onWarning === undefined || (limitMs > 0 && limitMs <= silenceMs))
      return undefined;
    const timer = setTimeout(() => {
      // Another request may have told it, or was answered, meanwhile.
      if (answered || toldSilence) return;
      toldSilence = true;
      const patience = limitMs > 0 ? `; waiting for ${limitMs / 1000} s` : '';
      onWarning(`${cluster.context}: no answer from ${cluster.server} yet${patience}`);
    }, silenceMs);
    return () => clearTimeout(timer);
  };

  const run = async <T>(call: Call, streaming: boolean, read: Read<T>): Promise<T> => {
    // Not under the limit: an exec plugin may wait for a person in front of a browser.
    await transport.ready(call.signal);
    const limitMs = shorter(call.timeoutMs ?? requestTimeoutMs, call.notAfterMs);
    const stopTelling = tellSilence(limitMs);
    try {
      return await repeat(call, streaming, read, limitMs);
    } finally {
      stopTelling?.();
    }
  };

  const repeat = async <T>(call: Call, streaming: boolean, read: Read<T>, limitMs: number): Promise<T> => {
    const began = momentOf(clock);
    const end = limitMs > 0 ? began.monotonic + limitMs : Infinity;
    for (let retry = 0; ; retry++) {
      const left = limitMs > 0 ? Math.max(1, end - clock.monotonic()) : 0;
      const limit = deadline(left, call.signal);
      const isInTime = call.notAfterMs === undefined ? undefined : () => msSince(began, clock) < limitMs;
      const request = {
        ...httpRequest(withServerLimit(call, left), limit.signal, streaming, limitMs),
        isInTime,
      };
      const outcome = await attempt(call, limit, request, read).catch((error) => {
        if (!(error instanceof DeadlineExceeded)) throw error;
        throw noAnswer(cluster, limitMs, limitMs === requestTimeoutMs);
      });
      if ('value' in outcome) return outcome.value;
      const delay = outcome.delayMs(retry);
      if (retry >= maxRetries || clock.monotonic() + delay >= end) throw outcome.error;
      await clock.sleep(delay, call.signal);
    }
  };

  return {
    text: (call) => run(call, false, readText),
    stream: (call) => run(call, true, readBytes),
  };
}

type Read<T> = (response: HttpResponse, limit: Deadline) => Promise<T>;

const readText: Read<string> = async (response, limit) => {
  const text = await response.text();
  limit.release();
  return text;
};

const readBytes: Read<AsyncIterable<Uint8Array>> = async (response, limit) => {
  async function* bytes() {
    try {
      yield* response.bytes();
    } finally {
      limit.release();
    }
  }
  return bytes();
};

/** Milliseconds before the so-many-th retry; Infinity: don't. */
type Delay = (retry: number) => number;

const never: Delay = () => Infinity;
/** The first time at once: most often a kept connection had just been closed by the server. */
const resendDelay: Delay = (retry) => (retry === 0 ? 0 : backOff(retry - 1, { firstMs: 100, mostMs: 2_000 }));

/**
 * client-go's rule: 429 and 5xx with Retry-After are sent again, whatever the method, since the server says
 * that it did not take the request (rest/with_retry.go).
 */
function delayAsked({ status, headers }: HttpResponse): Delay {
  if (status !== 429 && status < 500) return never;
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds)) return () => seconds * 1_000;
  return status === 429 ? (retry) => backOff(retry, { firstMs: 1_000, mostMs: 8_000 }) : never;
}

/** Texts of `Warning: 299 - "text"` headers. */
function warningsOf({ headers }: HttpResponse): string[] {
  const lines = headers.warning;
  if (lines === undefined) return [];
  return [lines]
    .flat()
    .flatMap((line) => [...line.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)])
    .map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

/** Of two limits in milliseconds, of which the first may be 0: none. */
function shorter(limitMs: number, notAfterMs = Number.POSITIVE_INFINITY): number {
  const least = Math.min(limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY, notAfterMs);
  return Number.isFinite(least) ? least : 0;
}

/**
 * Tells the server to give a write up before this side does (`timeout`, which holds for webhooks and queues too:
 * apiserver, endpoints/filters/request_deadline.go), so that its answer says so, and nothing comes of it afterwards.
 */
function withServerLimit(call: Call, leftMs: number): Call {
  if (call.notAfterMs === undefined) return call;
  return {
    ...call,
    query: { ...call.query, timeout: `${Math.max(1, Math.floor(leftMs * SERVER_SHARE))}ms` },
  };
}

function httpRequest(call: Call, signal: AbortSignal, streaming: boolean, limitMs: number): HttpRequest {
  const { body, contentType = 'application/json', accept = 'application/json' } = call;
  return {
    method: call.method,
    path: call.path + queryString(call.query),
    headers: body === undefined ? { accept } : { accept, 'content-type': contentType },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    streaming,
    bodyIdleMs: streaming ? 0 : limitMs,
  };
}

function queryString(query: RawRequest['query'] = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, String(value)]))}`;
}
