/**
 * Lists and watches, shared: however many tasks of a process follow the same resource of the same cluster,
 * one watch runs. Each follower gets its own complete list first, then every change after it, none twice.
 */
import { retry, retryUntilAborted } from '../../../src/async/retry.ts';
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { listPages } from '../../../src/kube/api/list.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';
import { listWatch, type WatchEventType } from '../../../src/kube/watch/watch.ts';

export interface InformerScope {
  readonly kube: KubeClient;
  readonly resource: Resource;
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  /** Events, and lists after the first, bring metadata only; the first list always brings whole objects. */
  readonly metadataOnly: boolean;
  /** False: a list, and no watch. */
  readonly watch: boolean;
}

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

/**
 * Objects a page of a first list: whole objects, of which no more than a page is held. Pages of half the size cost an API
 * server twice the time for each object, larger ones none less; and as many of the largest objects that there are still fit
 * into one text.
 */
const PAGE = 300;
const pause = { firstMs: 500, mostMs: 30_000 };

/** All informers of a process. */
export class Informers {
  readonly #clock: Clock;
  readonly #streams = new Map<string, Stream>();
  readonly #clients = new WeakMap<KubeClient, number>();
  #count = 0;
  /** How often watches broke off and began again, by cluster. */
  readonly restarts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Follows until the signal aborts. Resolves when the first list is complete; goes on by itself after that.
   * Where it can't be listed, the handler hears why and it is tried again.
   */
  async follow(scope: InformerScope, handler: InformerHandler, signal: AbortSignal): Promise<void> {
    const key = this.#keyOf(scope);
    let stream = this.#streams.get(key);
    if (!stream) {
      const made = new Stream(scope, this.#clock, {
        ended: () => this.#streams.delete(key),
        brokeOff: () => this.#countRestart(scope.kube.cluster.context),
      });
      this.#streams.set(key, made);
      stream = made;
    }
    await stream.join(handler, scope.watch, signal);
  }

  /** How many watches run. */
  get size(): number {
    return this.#streams.size;
  }

  #countRestart(cluster: string): void {
    this.restarts.set(cluster, (this.restarts.get(cluster) ?? 0) + 1);
  }

  #keyOf({ kube, resource, namespace, metadataOnly }: InformerScope): string {
    const client = this.#clients.get(kube) ?? ++this.#count;
    this.#clients.set(kube, client);
    return [client, resource.group, resource.version, resource.plural, namespace ?? '', metadataOnly].join(
      '|',
    );
  }
}

interface Follower {
  readonly handler: InformerHandler;
  /** Changes that came while its list was on the way; undefined once it is up to date. */
  held: [WatchEventType, KubeObject][] | undefined;
}

interface StreamHooks {
  /** Nobody follows any more. */
  readonly ended: () => void;
  readonly brokeOff: () => void;
}

class Stream {
  readonly #scope: InformerScope;
  readonly #clock: Clock;
  readonly #hooks: StreamHooks;
  readonly #followers = new Set<Follower>();
  readonly #controller = new AbortController();
  /** Lists of followers come one after the other, so that the watch starts at the oldest of them. */
  readonly #turn = new SerialQueue();
  #watching = false;
  #connected = false;
  /** How many lists the watch itself began. */
  #lists = 0;

  constructor(scope: InformerScope, clock: Clock, hooks: StreamHooks) {
    this.#scope = scope;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  async join(handler: InformerHandler, watch: boolean, signal: AbortSignal): Promise<void> {
    const follower: Follower = { handler, held: [] };
    this.#followers.add(follower);
    signal.addEventListener('abort', () => this.#leave(follower), { once: true });
    try {
      await this.#turn.run(() => this.#bringUpToDate(follower, watch, signal));
    } finally {
      if (!watch) this.#leave(follower);
    }
  }

  async #bringUpToDate(follower: Follower, watch: boolean, signal: AbortSignal): Promise<void> {
    const { handler } = follower;
    let [version, lists] = ['', -1];
    // Where the watch began a list of its own meanwhile, it goes on from that one, which may be newer.
    while (lists !== this.#lists) {
      lists = this.#lists;
      version = await this.#list(handler, watch, signal);
      await handler.listed?.();
    }
    handler.connected?.();
    handler.synced(version);
    if (watch) this.#watch(version);
    const held = follower.held ?? [];
    follower.held = undefined;
    for (const [type, object] of held) if (isNewer(object, version)) handler.event(type, object);
  }

  async #list(handler: InformerHandler, persistent: boolean, signal: AbortSignal): Promise<string> {
    const { kube, resource, namespace } = this.#scope;
    const page = (items: KubeObject[], first: boolean) => handler.page(items, first, true);
    const failed = (error: unknown): void => {
      if (!(error instanceof X8sError)) throw error;
      handler.disconnected?.(error);
      if (!persistent) throw error;
    };
    const list = () => listPages(kube, resource, { namespace, pageSize: PAGE, signal }, page);
    return retry(list, { pause, clock: wakingClock(kube, this.#clock), signal, failed });
  }

  /** Starts the watch, if it does not run yet. */
  #watch(resourceVersion: string): void {
    if (this.#watching) return;
    this.#watching = true;
    void this.#keepWatching(resourceVersion);
  }

  async #keepWatching(from: string): Promise<void> {
    const { kube, resource, namespace, metadataOnly } = this.#scope;
    const { signal } = this.#controller;
    let start: { resourceVersion?: string } = { resourceVersion: from };
    const watch = () => {
      const options = { namespace, metadataOnly, clock: this.#clock, ...start };
      return listWatch(kube, resource, options, this.#fanOut(), signal);
    };
    // It never worked, or the kind is gone: begins with a list again once that is possible.
    const failed = (error: unknown): void => {
      const why = error instanceof X8sError ? error : new X8sError(String(error), { cause: error });
      this.#tell((handler) => handler.disconnected?.(why));
      start = {};
    };
    await retryUntilAborted(watch, { pause, clock: wakingClock(kube, this.#clock), signal, failed });
  }

  #fanOut() {
    const whole = !this.#scope.metadataOnly;
    /** Followers that heard a list from its beginning. To others the rest of it would look like the whole list. */
    let listening: readonly Follower[] = [];
    const heard = () => listening.filter((follower) => this.#followers.has(follower));
    return {
      page: async (items: KubeObject[], first: boolean) => {
        if (first) {
          this.#lists++;
          listening = this.#current();
        }
        for (const { handler } of heard()) await handler.page(items, first, whole);
      },
      replaced: (_items: KubeObject[], version: string) => {
        for (const { handler } of heard()) handler.synced(version);
      },
      event: (type: WatchEventType, object: KubeObject) => {
        for (const { held, handler } of this.#followers) {
          if (held) held.push([type, object]);
          else handler.event(type, object);
        }
      },
      connected: () => {
        this.#connected = true;
        this.#tell((handler) => handler.connected?.());
      },
      disconnected: (error: X8sError) => {
        // Attempts that follow one that failed break nothing off.
        if (this.#connected) this.#hooks.brokeOff();
        this.#connected = false;
        this.#tell((handler) => handler.disconnected?.(error));
      },
    };
  }

  /** Followers whose own list is done; the others get one that is newer anyway. */
  #current(): Follower[] {
    return [...this.#followers].filter(({ held }) => held === undefined);
  }

  #tell(say: (handler: InformerHandler) => void): void {
    for (const { handler } of this.#current()) say(handler);
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#controller.abort();
    this.#hooks.ended();
  }
}

/** Whether an object may have changed after a list. */
function isNewer({ metadata: { resourceVersion = '' } }: KubeObject, version: string): boolean {
  return resourceVersion !== version && !isOlder(resourceVersion, version);
}
