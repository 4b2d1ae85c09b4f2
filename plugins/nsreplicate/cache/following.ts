/** What those who follow a resource of a cluster are told, and how they list it. */
import { retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { WatchEventType } from '../../../src/kube/watch/watch.ts';

export interface InformerHandler {
  /** One page of a complete list; `first`: a new list begins, whatever came before is void. */
  page(items: readonly KubeObject[], first: boolean, whole: boolean): void | Promise<void>;
  /** The first list has come to its end; what it means is told by `synced`, once this resolves. */
  listed?(): Promise<void>;
  /** The list is complete. */
  synced(resourceVersion: string): void;
  event(type: WatchEventType, object: KubeObject): void;
  connected?(): void;
  /** Not reachable, or not allowed; tried again by itself. */
  disconnected?(error: X8sError): void;
}

/** Who follows, by whatever watch. */
export interface Following {
  readonly handler: InformerHandler;
  readonly signal: AbortSignal;
  /** Was told of a complete list before: whoever goes on lists again, which is no first list. */
  readonly isListed: boolean;
}

/**
 * Objects a page of a first list: whole objects, of which no more than a page is held. Pages of half the size cost an API
 * server twice the time for each object, larger ones none less; and as many of the largest objects that there are still fit
 * into one text.
 */
export const PAGE = 300;
export const pause = { firstMs: 500, mostMs: 30_000 };

/** Whether an object may have changed after a list. */
export function isNewer({ metadata: { resourceVersion = '' } }: KubeObject, version: string): boolean {
  return resourceVersion !== version && !isOlder(resourceVersion, version);
}

/** Of work whose failures a handler hears: whatever it was that failed. */
export const asX8sError = (error: unknown): X8sError =>
  error instanceof X8sError ? error : new X8sError(String(error), { cause: error });

/**
 * Goes on following where nobody waits for that: what fails, a handler too, is told, and it is tried again. Resolves once
 * it works, or the signal is aborted.
 */
export async function persist(
  follow: () => Promise<void>,
  { handler, signal }: Pick<Following, 'handler' | 'signal'>,
  { clock, pauseFirst = false }: { readonly clock: Clock; readonly pauseFirst?: boolean },
): Promise<void> {
  const failed = (error: unknown) => handler.disconnected?.(asX8sError(error));
  await retryUntilAborted(follow, { pause, pauseFirst, clock, signal, failed });
}

/** Calls back once the signal is aborted, also where it is already. */
export function onceAborted(signal: AbortSignal, tell: () => void): void {
  if (signal.aborted) tell();
  else signal.addEventListener('abort', tell, { once: true });
}
