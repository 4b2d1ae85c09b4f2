/** A list and all that happens after it, for as long as one likes: client-go's reflector in small. */
import { backOff } from '../../async/back-off.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { messageOf, X8sError } from '../../errors.ts';
import { isGone, mayPass } from '../api/api-error.ts';
import type { KubeClient, ListOptions } from '../api/client.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { listPages, listRequest } from '../api/list.ts';
import type { KubeList, KubeObject } from '../api/objects.ts';
import { isOlder } from '../api/resource-version.ts';
import type { Resource } from '../api/resources.ts';
import { wakingClock } from './waking-clock.ts';
import { type WatchEvent, type WatchEventType, watchSession } from './watch-session.ts';

export type { WatchEventType } from './watch-session.ts';

/**
 * What a watch tells. A returned promise holds the watch up until it settles. Whatever a method throws ends
 * the watch and is what `listWatch` rejects with.
 */
export interface WatchHandler<T extends KubeObject> {
  /** The complete list: at the start, and again where the server has forgotten what happened meanwhile. */
  replaced(items: T[], resourceVersion: string): void | Promise<void>;
  /**
   * Where this is there, lists come page by page, and `replaced` is told no items after the last one: for
   * those that can't hold a whole list. `first` again: the list began anew, what came before is void.
   */
  page?(items: T[], first: boolean): void | Promise<void>;
  /** One change. After a lost connection the last one may come twice. */
  event(type: WatchEventType, object: T): void | Promise<void>;
  /** Everything up to this resource version has been told. */
  bookmark?(resourceVersion: string): void;
  /** A watch request was answered. */
  connected?(): void;
  /** It broke off; the next attempt is in so many milliseconds, or as soon as a server that was away is back. */
  disconnected?(error: X8sError, retryInMs: number): void;
}

export interface WatchOptions
  extends Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly' | 'pageSize'> {
  /** Start right after this resource version, without a list. A list follows where it is too old (410). */
  readonly resourceVersion?: string;
  /** Milliseconds of silence before a connection counts as dead; the server sends bookmarks every minute. */
  readonly inactivityMs?: number;
  readonly clock?: Clock;
}

/** API servers send a bookmark about every minute: two missed ones and a bit. */
const defaultInactivityMs = 150_000;
/** client-go's range: watches of one client must not all end at once. */
const timeoutSeconds = { least: 300, most: 600 };
/** client-go's reflector back-off. */
const pause = { firstMs: 800, mostMs: 30_000 };
/** client-go: a watch that ends this soon with nothing said was refused by something on the way. */
const shortestMs = 1_000;

/**
 * Lists, then watches, and goes on until the signal aborts: over lost connections, restarts of the API server
 * and forgotten resource versions. Never resolves. Rejects with the signal's reason, with what a handler
 * threw, or with the ApiError of a request that can't work (403, 404, 400), unless it had worked before: then
 * it is tried again, since rights come back.
 */
export async function listWatch<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  options: WatchOptions,
  handler: WatchHandler<T>,
  signal: AbortSignal,
): Promise<never> {
  return new Watcher(kube, resource, options, handler, signal).run();
}

/** What a handler threw, apart from what the cluster did. */
class HandlerFailure extends Error {}

class Watcher<T extends KubeObject> {
  readonly #kube: KubeClient;
  readonly #resource: Resource<T>;
  readonly #options: WatchOptions;
  readonly #handler: WatchHandler<T>;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  /** Where to go on; undefined: with a list. */
  #resourceVersion: string | undefined;
  #failures = 0;
  #hasWorked = false;
  /** Whether the server may have come back with an older store than it had when it told us this version. */
  #mustVerify: boolean;

  constructor(
    kube: KubeClient,
    resource: Resource<T>,
    options: WatchOptions,
    handler: WatchHandler<T>,
    signal: AbortSignal,
  ) {
    this.#kube = kube;
    this.#resource = resource;
    this.#options = options;
    this.#handler = handler;
    this.#signal = signal;
    this.#clock = options.clock ?? systemClock;
    this.#resourceVersion = options.resourceVersion;
    this.#mustVerify = options.resourceVersion !== undefined;
  }

  async run(): Promise<never> {
    for (;;) {
      try {
        await this.#verify();
        await this.#list();
        await this.#watch();
      } catch (error) {
        if (error instanceof HandlerFailure) throw error.cause;
        this.#signal.throwIfAborted();
        if (!(error instanceof X8sError)) throw error;
        await this.#recover(error);
      }
    }
  }

  async #list(): Promise<void> {
    if (this.#resourceVersion !== undefined) return;
    const { resourceVersion, items } = await this.#fetchList({
      ...this.#listOptions(),
      signal: this.#signal,
    });
    await this.#tell(() => this.#handler.replaced(items, resourceVersion));
    this.#resourceVersion = resourceVersion;
  }

  async #fetchList(options: ListOptions): Promise<KubeList<T>> {
    const { page } = this.#handler;
    if (!page) return this.#kube.list(this.#resource, options);
    const tell = (items: T[], first: boolean) => this.#tell(() => page.call(this.#handler, items, first));
    const resourceVersion = await listPages(this.#kube, this.#resource, options, tell);
    return { resourceVersion, items: [] };
  }

  #listOptions(): ListOptions {
    const { resourceVersion, inactivityMs, clock, ...options } = this.#options;
    return options;
  }

  /**
   * An etcd restored from a backup is behind us: the server would keep silent until it has caught up, and all
   * that happens until then would be missed. Resource versions of one resource can be compared as numbers
   * (https://kep.k8s.io/5504).
   */
  async #verify(): Promise<void> {
    if (!this.#mustVerify || this.#resourceVersion === undefined) return;
    const options = { ...this.#listOptions(), metadataOnly: true, signal: this.#signal };
    const request = listRequest(this.#resource, options, { limit: 1 });
    const page = await this.#kube.request<{ metadata?: { resourceVersion?: string } }>(request);
    if (isOlder(page.metadata?.resourceVersion ?? '', this.#resourceVersion))
      this.#resourceVersion = undefined;
  }

  async #watch(): Promise<void> {
    const since = this.#clock.monotonic();
    const { inactivityMs = defaultInactivityMs } = this.#options;
    const { least, most } = timeoutSeconds;
    const session = watchSession(this.#kube, this.#resource, {
      ...this.#listOptions(),
      resourceVersion: this.#resourceVersion ?? '',
      timeoutSeconds: Math.floor(least + Math.random() * (most - least)),
      inactivityMs,
      signal: this.#signal,
    });
    // However it ends: a server that shuts down in good order closes its watches as if their time were over.
    this.#mustVerify = true;
    let isConnected = false;
    let heard = false;
    for await (const events of session) {
      if (!isConnected) {
        isConnected = true;
        this.#hasWorked = true;
        await this.#tell(() => this.#handler.connected?.());
      }
      heard ||= events.length > 0;
      if (heard) this.#failures = 0;
      await this.#tell(() => this.#take(events));
    }
    if (!heard && this.#clock.monotonic() - since < shortestMs) throw tooShort(this.#kube);
    this.#failures = 0;
  }

  async #take(events: readonly WatchEvent<T>[]): Promise<void> {
    for (const { type, object } of events) {
      const { resourceVersion = '' } = object.metadata;
      if (type === 'BOOKMARK') this.#handler.bookmark?.(resourceVersion);
      else {
        // Awaited only where there is something to await: this runs hundreds of times a second.
        const told = this.#handler.event(type, object);
        if (told instanceof Promise) await told;
      }
      if (resourceVersion !== '') this.#resourceVersion = resourceVersion;
    }
  }

  async #recover(error: X8sError): Promise<void> {
    const mustRelist = isGone(error) && this.#resourceVersion !== undefined;
    if (mustRelist) this.#resourceVersion = undefined;
    else if (!this.#hasWorked && !mayPass(error)) throw error;
    // At once the first time: most often a load balancer or a restarting server has dropped the connection.
    const atOnce = this.#failures === 0 && (this.#hasWorked || mustRelist);
    const delay = atOnce ? 0 : backOff(Math.max(0, this.#failures - 1), pause);
    this.#failures += 1;
    if (!mustRelist) await this.#tell(() => this.#handler.disconnected?.(error, delay));
    await wakingClock(this.#kube, this.#clock).sleep(delay, this.#signal);
  }

  async #tell(say: () => void | Promise<void>): Promise<void> {
    try {
      await say();
    } catch (cause) {
      throw new HandlerFailure(messageOf(cause), { cause });
    }
  }
}

function tooShort({ cluster }: KubeClient): ConnectionError {
  const message = `${cluster.context}: the watch was closed at once, with nothing said`;
  return new ConnectionError(message, { maybeSent: true, transient: true }, {});
}
