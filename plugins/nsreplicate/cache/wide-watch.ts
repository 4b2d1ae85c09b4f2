/**
 * One watch of a kind in a whole cluster, for many who follow one namespace of it each. What is listed is never more than
 * their namespaces: at the start of each follower, and again where the watch has to begin anew.
 */
import { retry, retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import { isDenied } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { listPages, listRequest } from '../../../src/kube/api/list.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';
import { listWatch, type WatchEventType } from '../../../src/kube/watch/watch.ts';
import { type InformerHandler, isNewer, PAGE, pause } from './following.ts';

/** Who follows one namespace. */
export interface NamespaceFollower {
  readonly namespace: string;
  readonly handler: InformerHandler;
  readonly signal: AbortSignal;
}

export interface WideWatchOptions {
  readonly kube: KubeClient;
  readonly resource: Resource;
  readonly metadataOnly: boolean;
  readonly clock: Clock;
  /** Nobody follows any more, or the right to it is gone. */
  readonly ended: (isDenied: boolean) => void;
  readonly brokeOff: () => void;
  /** Follows that namespace by itself; resolves when its list is complete. */
  readonly byItself: (follower: NamespaceFollower) => Promise<void>;
}

/** A right that is refused for so long is gone; a server that restarts refuses it for some seconds. */
const DENIED_MS = 30_000;

interface Follower extends NamespaceFollower {
  /** Changes that came while its list was on the way; undefined once it is up to date. */
  held: [WatchEventType, KubeObject][] | undefined;
  /** Version of its last list: what is not newer was in it. */
  listed: string;
}

/** The watch can't go on from where it was: lists have to come first. */
class BeginsAnew extends Error {}
/** The right to it is gone. */
class Denied extends Error {}

export class WideWatch {
  readonly #options: WideWatchOptions;
  readonly #followers = new Set<Follower>();
  readonly #over = new AbortController();
  /** Resolves once it is known from which version the watch goes, which every list has to be newer than. */
  #start = Promise.withResolvers<void>();
  /** How often the watch began. */
  #starts = 0;
  #connected = false;
  #deniedSince: number | undefined;

  constructor(options: WideWatchOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Follows until the signal aborts. Resolves when the namespace's list is complete. */
  async join(joining: NamespaceFollower): Promise<void> {
    const { namespace, handler, signal } = joining;
    const follower: Follower = { namespace, handler, signal, held: [], listed: '' };
    this.#followers.add(follower);
    signal.addEventListener('abort', () => this.#leave(follower), { once: true });
    await this.#bringUpToDate(follower);
  }

  /** Each lists by itself, at its own pace: a page may wait for what only another follower's list brings. */
  async #bringUpToDate(follower: Follower): Promise<void> {
    const { handler, signal } = follower;
    follower.held = [];
    let [version, starts] = ['', -1];
    // Where the watch began anew meanwhile, what happened before that may be in neither.
    while (starts !== this.#starts) {
      await raced(this.#start.promise, signal);
      if (this.#over.signal.aborted) return this.#options.byItself(follower);
      starts = this.#starts;
      version = await this.#list(follower);
      await handler.listed?.();
    }
    if (this.#over.signal.aborted) return this.#options.byItself(follower);
    handler.connected?.();
    handler.synced(version);
    follower.listed = version;
    const held = follower.held ?? [];
    follower.held = undefined;
    for (const event of held) tell(follower, event);
  }

  #list({ namespace, handler, signal }: Follower): Promise<string> {
    const { kube, resource, clock } = this.#options;
    const page = (items: KubeObject[], first: boolean) => handler.page(items, first, true);
    const failed = (error: unknown): void => {
      if (!(error instanceof X8sError)) throw error;
      handler.disconnected?.(error);
    };
    const list = () => listPages(kube, resource, { namespace, pageSize: PAGE, signal }, page);
    return retry(list, { pause, clock: wakingClock(kube, clock), signal, failed });
  }

  async #run(): Promise<void> {
    const { kube, clock } = this.#options;
    const { signal } = this.#over;
    const failed = (error: unknown): void => {
      // Those who came meanwhile wait for the next start.
      if (error instanceof BeginsAnew) return;
      const why = error instanceof X8sError ? error : new X8sError(String(error), { cause: error });
      const isDeniedFirst = isDenied(why) && this.#starts === 0;
      if (error instanceof Denied || isDeniedFirst || this.#isGone(why)) this.#giveUp();
      else for (const { handler } of this.#current()) handler.disconnected?.(why);
    };
    await retryUntilAborted(() => this.#watch(), { pause, clock: wakingClock(kube, clock), signal, failed });
  }

  async #watch(): Promise<never> {
    const { kube, resource, metadataOnly, clock } = this.#options;
    const { signal } = this.#over;
    const { metadata } = await kube.request<{ metadata?: { resourceVersion?: string } }>(
      listRequest(resource, { metadataOnly: true, signal }, { limit: 1 }),
    );
    const known = this.#current();
    this.#starts++;
    this.#start.resolve();
    // Their signals, or the end of this watch, end that.
    for (const follower of known) this.#bringUpToDate(follower).catch(() => undefined);
    const options = { metadataOnly, clock, resourceVersion: metadata?.resourceVersion ?? '', pageSize: 1 };
    return listWatch(kube, resource, options, this.#handler(), signal);
  }

  #handler() {
    return {
      // It would list the whole cluster.
      page: () => {
        this.#start = Promise.withResolvers();
        throw new BeginsAnew('lists come first');
      },
      replaced: () => undefined,
      event: (type: WatchEventType, object: KubeObject) => {
        for (const follower of this.#followers) {
          if (follower.namespace !== object.metadata.namespace) continue;
          if (follower.held) follower.held.push([type, object]);
          else tell(follower, [type, object]);
        }
      },
      connected: () => {
        this.#connected = true;
        this.#deniedSince = undefined;
        for (const { handler } of this.#current()) handler.connected?.();
      },
      disconnected: (error: X8sError) => {
        if (this.#connected) this.#options.brokeOff();
        this.#connected = false;
        for (const { handler } of this.#current()) handler.disconnected?.(error);
        if (this.#isGone(error)) throw new Denied(error.message);
      },
    };
  }

  #isGone(error: X8sError): boolean {
    if (!isDenied(error)) return false;
    const now = this.#options.clock.monotonic();
    this.#deniedSince ??= now;
    return now - this.#deniedSince >= DENIED_MS;
  }

  /** Each goes on by itself; those whose list is on the way find out by themselves. */
  #giveUp(): void {
    const { ended, byItself } = this.#options;
    const known = this.#current();
    this.#over.abort();
    ended(true);
    this.#start.resolve();
    for (const follower of known) byItself(follower).catch(() => undefined);
  }

  #current(): Follower[] {
    return [...this.#followers].filter(({ held }) => held === undefined);
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0 || this.#over.signal.aborted) return;
    this.#over.abort();
    this.#options.ended(false);
    this.#start.resolve();
  }
}

/** What is not newer than its list was in it: the watch began before that, and may be behind. */
function tell({ handler, listed }: Follower, [type, object]: [WatchEventType, KubeObject]): void {
  if (isNewer(object, listed)) handler.event(type, object);
}

/** As the promise, unless the signal comes first. */
async function raced(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
