/** How API servers answer, for metrics: heard from the HTTP client's own channel, so nobody pays who does not ask. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Told of each answer's head: `https://10.0.0.1:6443`, `GET`, `200`. */
export type AnswerListener = (origin: string, method: string, status: number) => void;

interface Message {
  readonly request: { readonly origin: string | URL; readonly method: string };
  readonly response: { readonly statusCode: number };
}

/** Published by undici for every answer of this process, watches included. */
const CHANNEL = 'undici:request:headers';

/** Listens until the returned function is called. */
export function onAnswers(heard: AnswerListener): () => void {
  const listener = (message: unknown) => {
    const { request, response } = message as Message;
    heard(String(request.origin), request.method, response.statusCode);
  };
  subscribe(CHANNEL, listener);
  return () => void unsubscribe(CHANNEL, listener);
}
