/** One operation of the service: its address, who may ask, what it takes and answers. The document is made of these. */
import type { Caller, Role } from './account.ts';
import type { Fields, Schema } from './schema.ts';

export type Method = 'GET' | 'POST';

/** A request that was found to be well-formed, by somebody who may ask. */
export interface Ask<Query = unknown, Body = unknown, Params = unknown> {
  readonly query: Query;
  readonly body: Body;
  readonly params: Params;
  /** Who asks; undefined on routes that anybody may ask. */
  readonly caller: Caller | undefined;
  /** Who the token belongs to now; undefined once it is over. */
  readonly recheck: () => Promise<Caller | undefined>;
  /** Address of the client's end of the connection. */
  readonly address: string;
  /** Aborted when the client goes away, or the service ends. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status?: number;
  /** Sent as JSON where the route's media type is JSON; else a text, or what comes of a stream. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: Method;
  /** As OpenAPI writes it: `/api/tasks/{name}`. */
  readonly path: string;
  readonly summary: string;
  /** The role that is needed at least; `nobody`: no account is needed. */
  readonly needs: Role | 'nobody';
  /** The role has to hold for all namespaces: what the route shows or does is not of named ones. */
  readonly everywhere?: boolean;
  readonly params?: Fields;
  readonly query?: { readonly required?: Fields; readonly optional?: Fields };
  readonly body?: Schema;
  /** Media type of successes; JSON where absent. */
  readonly type?: string;
  /** Successes by status. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: Schema }>>;
  /** Statuses of problems beyond those that every route may answer. */
  readonly problems?: readonly number[];
  /** Not in the document: the page and its parts. They are looked at by HEAD too. */
  readonly undocumented?: boolean;
  handle(ask: Ask): Promise<Answer> | Answer;
}

/** What a handler may take for granted once its schemas were checked. */
export interface Shapes {
  readonly query?: unknown;
  readonly body?: unknown;
  readonly params?: unknown;
}

/** Declares a route; `S` says what its schemas let through. */
export const route = <S extends Shapes>(
  declared: Omit<Route, 'handle'> & {
    handle(ask: Ask<S['query'], S['body'], S['params']>): Promise<Answer> | Answer;
  },
): Route => declared as Route;
