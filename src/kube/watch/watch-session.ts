/** One watch request, from its start to its end. */
import { parseExactly } from '../../json.ts';
import { apiFailure } from '../api/api-failure.ts';
import type { CallOptions, KubeClient, ListOptions } from '../api/client.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { complete, listRequest } from '../api/list.ts';
import type { KubeObject, Status } from '../api/objects.ts';
import { collectionName, type Resource } from '../api/resources.ts';
import { LineSplitter } from './line-splitter.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One line of a watch. */
export type WatchEvent<T extends KubeObject> =
  | { type: WatchEventType; object: T }
  | { type: 'BOOKMARK'; object: T };

export interface SessionOptions extends Omit<ListOptions, 'resourceVersion' | 'pageSize'>, CallOptions {
  /** Events after this one. */
  readonly resourceVersion: string;
  /** The server ends the watch after so many seconds. */
  readonly timeoutSeconds: number;
  /** Longest silence, bookmarks included, before the connection counts as dead. */
  readonly inactivityMs: number;
}

/**
 * The events of one watch request, in the batches in which they arrive. Ends when the server closes it.
 * Rejects with an ApiError (410: the resource version is too old), a ConnectionError or the signal's reason.
 */
export async function* watchSession<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  options: SessionOptions,
): AsyncGenerator<WatchEvent<T>[]> {
  const idle = idleTimer(kube, options);
  try {
    const bytes = await kube.stream(watchRequest(resource, { ...options, signal: idle.signal }));
    const splitter = new LineSplitter();
    // The head has arrived; nothing has happened yet.
    yield [];
    idle.start();
    for await (const chunk of bytes) {
      idle.stop();
      const lines = splitter.push(chunk);
      if (lines.length > 0) yield lines.map((line) => parseEvent(kube, resource, options, line));
      idle.start();
    }
    if (splitter.unfinished) throw lost(kube, 'the watch ended in the middle of an event');
  } finally {
    idle.end();
  }
}

function watchRequest(resource: Resource, options: SessionOptions) {
  return listRequest(resource, options, {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: options.timeoutSeconds,
  });
}

function parseEvent<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  options: ListOptions,
  line: string,
): WatchEvent<T> {
  const event = parseLine(kube, line) as WatchEvent<T> | { type: 'ERROR'; object: Status };
  if (event.type === 'ERROR') {
    const subject = { verb: 'watch', what: collectionName(resource, options.namespace) };
    throw apiFailure(kube.cluster, subject, event.object.code, JSON.stringify(event.object));
  }
  return options.metadataOnly
    ? { type: event.type, object: complete(event.object, resource, options) }
    : event;
}

function parseLine(kube: KubeClient, line: string): unknown {
  try {
    return parseExactly(line);
  } catch {
    // The parser's own error quotes the line, which may be a Secret.
    throw lost(kube, 'a watch event is not JSON');
  }
}

function lost({ cluster }: KubeClient, what: string): ConnectionError {
  return new ConnectionError(`${cluster.context}: ${what}`, { maybeSent: true, transient: true }, {});
}

/** A signal that also aborts after a silence; time in which events are worked on is none. */
function idleTimer(kube: KubeClient, { signal, inactivityMs }: SessionOptions) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort, { once: true });
  let isWaiting = true;
  const timer = setTimeout(() => {
    if (isWaiting) controller.abort(lost(kube, `no word on the watch for ${inactivityMs / 1000} s`));
  }, inactivityMs);
  return {
    signal: controller.signal,
    start: () => {
      isWaiting = true;
      timer.refresh();
    },
    stop: () => {
      isWaiting = false;
    },
    /** Also ends a response that no one has begun to read. */
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      controller.abort();
    },
  };
}
