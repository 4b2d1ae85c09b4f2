/**
 * Lists and watches, shared: however many tasks of a process follow the same resource of the same cluster,
 * one watch runs, and one of the whole cluster where they follow more than a few namespaces. Each follower gets its own
 * complete list first, then every change after it, none twice.
 */
import { retry, retryUntilAborted } from '../../../src/async/retry.ts';
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { listPages } from '../../../src/kube/api/list.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { missingPermissions } from '../../../src/kube/cluster/access.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';
import { listWatch, type WatchEventType } from '../../../src/kube/watch/watch.ts';
import { FEW } from '../clusters/scopes.ts';
import {
  asX8sError,
  type Following,
  type InformerHandler,
  isNewer,
  onceAborted,
  PAGE,
  pause,
  persist,
} from './following.ts';
import { HeldEvents, type HeldLimits, heldLimits, listBeside } from './held-events.ts';
import { WideWatch } from './wide-watch.ts';

export type { InformerHandler } from './following.ts';

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

/** All informers of a process. */
export class Informers {
  readonly #clock: Clock;
  readonly #limits: HeldLimits;
  readonly #streams = new Map<string, Stream>();
  /** Of a resource of a cluster of which more than a few namespaces are followed. */
  readonly #wide = new Map<string, WideWatch>();
  /** Of which resources a client may read the whole cluster, as far as that was asked. */
  readonly #mayRead = new WeakMap<KubeClient, Map<string, Promise<boolean | undefined>>>();
  readonly #clients = new WeakMap<KubeClient, number>();
  #count = 0;
  /** How often watches broke off and began again, by cluster. */
  readonly restarts = new Map<string, number>();

  /** @param limits of what is held for each list that is on its way */
  constructor(clock: Clock, limits: HeldLimits = heldLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Follows until the signal aborts. Resolves when the first list is complete; goes on by itself after that.
   * Where it can't be listed, the handler hears why and it is tried again.
   */
  async follow(scope: InformerScope, handler: InformerHandler, signal: AbortSignal): Promise<void> {
    const { namespace } = scope;
    const wide = namespace !== undefined && this.#isCrowded(scope) && (await this.#wideFor(scope));
    const following = { handler, signal, isListed: false };
    if (wide) return wide.join({ namespace, ...following });
    await this.#followAlone(scope, following);
  }

  async #followAlone(scope: InformerScope, following: Following): Promise<void> {
    const key = this.#keyOf(scope);
    let stream = this.#streams.get(key);
    if (!stream) {
      const made = new Stream(scope, this.#clock, {
        ended: () => this.#streams.delete(key),
        brokeOff: () => this.#countRestart(scope.kube.cluster.context),
        limits: this.#limits,
      });
      this.#streams.set(key, made);
      stream = made;
    }
    await stream.join(following, scope.watch);
    this.#gather(this.#wholeKeyOf(scope));
  }

  /** Who has a watch for one namespace goes over to the one of the whole cluster, where there is one by now. */
  #gather(key: string): void {
    const wide = this.#wide.get(key);
    if (!wide) return;
    for (const { scope, stream } of this.#byNamespace(key))
      for (const { handler, signal } of stream.release()) {
        const follower = { namespace: scope.namespace ?? '', handler, signal, isListed: true };
        void persist(() => wide.join(follower), follower, { clock: wakingClock(scope.kube, this.#clock) });
      }
  }

  /** Watches of one namespace each. */
  #byNamespace(key: string): { scope: InformerScope; stream: Stream }[] {
    return [...this.#streams.values()]
      .map((stream) => ({ scope: stream.scope, stream }))
      .filter(({ scope }) => scope.namespace !== undefined && this.#wholeKeyOf(scope) === key);
  }

  /** The key of all namespaces of a scope's resource. */
  #wholeKeyOf(scope: InformerScope): string {
    return this.#keyOf({ ...scope, namespace: undefined });
  }

  /** How many watches run. */
  get size(): number {
    return this.#streams.size + this.#wide.size;
  }

  /** Whether so many namespaces of a resource are followed that one watch of the whole cluster costs less. */
  #isCrowded(scope: InformerScope): boolean {
    const key = this.#wholeKeyOf(scope);
    if (!scope.watch || this.#streams.has(this.#keyOf(scope))) return false;
    return this.#wide.has(key) || this.#byNamespace(key).length >= FEW;
  }

  /** The watch of the whole cluster; undefined where that may not be read. */
  async #wideFor({ kube, resource, metadataOnly, ...scope }: InformerScope): Promise<WideWatch | undefined> {
    const key = this.#wholeKeyOf({ kube, resource, metadataOnly, ...scope });
    const known = this.#mayRead.get(kube) ?? new Map<string, Promise<boolean | undefined>>();
    this.#mayRead.set(kube, known);
    const asked = known.get(key) ?? mayRead(kube, resource);
    known.set(key, asked);
    const isAllowed = await asked;
    // Whoever comes next asks again.
    if (isAllowed === undefined) known.delete(key);
    if (!isAllowed) return undefined;
    const clock = this.#clock;
    const wide =
      this.#wide.get(key) ??
      new WideWatch({
        ...{ kube, resource, metadataOnly, clock, limits: this.#limits },
        ended: (isDenied) => {
          this.#wide.delete(key);
          if (isDenied) known.set(key, Promise.resolve(false));
        },
        brokeOff: () => this.#countRestart(kube.cluster.context),
        byItself: ({ namespace, ...following }) =>
          this.#followAlone({ kube, resource, metadataOnly, namespace, watch: true }, following),
      });
    if (!this.#wide.has(key)) {
      this.#wide.set(key, wide);
      this.#gather(key);
    }
    return wide;
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

/** Whether who reads may list and watch a resource in the whole cluster; undefined where that can't be told just now. */
async function mayRead(kube: KubeClient, resource: Resource): Promise<boolean | undefined> {
  try {
    const needs = ['list', 'watch'].map((verb) => ({ verb, resource }));
    return (await missingPermissions(kube, needs)).length === 0;
  } catch (error) {
    if (!(error instanceof X8sError)) throw error;
    return undefined;
  }
}

interface Follower extends Following {
  /** Changes that came while its list was on the way; undefined once it is up to date. */
  held: HeldEvents | undefined;
}

interface StreamHooks {
  /** Nobody follows any more. */
  readonly ended: () => void;
  readonly brokeOff: () => void;
  readonly limits: HeldLimits;
}

class Stream {
  readonly scope: InformerScope;
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
  /** The last of them has not come to its end. */
  #isListing = false;

  constructor(scope: InformerScope, clock: Clock, hooks: StreamHooks) {
    this.scope = scope;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** @throws what the handler throws until it is up to date, and without `watch` what the list fails with: it is not followed */
  async join(following: Following, watch: boolean): Promise<void> {
    const held = new HeldEvents(this.#hooks.limits);
    const follower: Follower = { ...following, held };
    this.#followers.add(follower);
    onceAborted(following.signal, () => this.#leave(follower));
    try {
      await this.#turn.run(() => this.#bringUpToDate(follower, held, watch));
    } catch (error) {
      this.#leave(follower);
      throw error;
    }
    if (!watch) this.#leave(follower);
  }

  async #bringUpToDate(follower: Follower, held: HeldEvents, watch: boolean): Promise<void> {
    const { handler, signal } = follower;
    let [version, lists] = ['', -1];
    // Where the watch began a list of its own meanwhile, it goes on from that one, which may be newer.
    while (lists !== this.#lists || held.lost) {
      if (held.lost) handler.disconnected?.(held.lost);
      lists = this.#lists;
      version = await this.#list(follower, held, watch);
      await handler.listed?.();
      signal.throwIfAborted();
    }
    handler.connected?.();
    handler.synced(version);
    if (watch) this.#watch(version);
    for (const [type, object] of held.events()) if (isNewer(object, version)) handler.event(type, object);
    follower.held = undefined;
  }

  async #list(follower: Follower, held: HeldEvents, persistent: boolean): Promise<string> {
    const { kube, resource, namespace } = this.scope;
    const { handler, signal } = follower;
    const metadataOnly = this.scope.metadataOnly && follower.isListed;
    const page = (items: KubeObject[], first: boolean) => handler.page(items, first, !metadataOnly);
    const failed = (error: unknown): void => {
      if (!(error instanceof X8sError)) throw error;
      handler.disconnected?.(error);
      if (!persistent) throw error;
    };
    const options = { namespace, metadataOnly, pageSize: PAGE, signal };
    const list = () => listBeside(held, options, (call) => listPages(kube, resource, call, page));
    return retry(list, { pause, clock: wakingClock(kube, this.#clock), signal, failed });
  }

  /** Starts the watch, if it does not run yet. */
  #watch(resourceVersion: string): void {
    if (this.#watching) return;
    this.#watching = true;
    void this.#keepWatching(resourceVersion);
  }

  async #keepWatching(from: string): Promise<void> {
    const { kube, resource, namespace, metadataOnly } = this.scope;
    const { signal } = this.#controller;
    let start: { resourceVersion?: string } = { resourceVersion: from };
    const watch = () => {
      const options = { namespace, metadataOnly, clock: this.#clock, ...start };
      return listWatch(kube, resource, options, this.#fanOut(), signal);
    };
    // It never worked, or the kind is gone: begins with a list again once that is possible.
    const failed = (error: unknown): void => {
      const why = asX8sError(error);
      this.#tell((handler) => handler.disconnected?.(why));
      start = {};
    };
    await retryUntilAborted(watch, { pause, clock: wakingClock(kube, this.#clock), signal, failed });
  }

  #fanOut() {
    const whole = !this.scope.metadataOnly;
    /** Followers that heard a list from its beginning. To others the rest of it would look like the whole list. */
    let listening: readonly Follower[] = [];
    const heard = () => listening.filter((follower) => this.#followers.has(follower));
    return {
      page: async (items: KubeObject[], first: boolean) => {
        if (first) {
          this.#lists++;
          this.#isListing = true;
          listening = this.#current();
        }
        for (const { handler } of heard()) await handler.page(items, first, whole);
      },
      replaced: (_items: KubeObject[], version: string) => {
        this.#isListing = false;
        for (const { handler } of heard()) handler.synced(version);
      },
      event: (type: WatchEventType, object: KubeObject) => {
        for (const { held, handler } of this.#followers) {
          if (held) held.add([type, object]);
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

  /** Gives its followers up to who follows them from now on; none while a list of one of them is on its way. */
  release(): readonly Follower[] {
    const followers = this.#current();
    if (this.#isListing || !this.#watching || followers.length < this.#followers.size) return [];
    this.#followers.clear();
    this.#end();
    return followers;
  }

  #leave(follower: Follower): void {
    if (this.#followers.delete(follower) && this.#followers.size === 0) this.#end();
  }

  #end(): void {
    this.#controller.abort();
    this.#hooks.ended();
  }
}
