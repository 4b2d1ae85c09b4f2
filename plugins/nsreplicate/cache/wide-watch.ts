/**
 * One watch of a kind in a whole cluster, for many who follow one namespace of it each. What is listed is never more than
 * their namespaces: at the start of each follower, and again where the watch has to begin anew.
 */
import { GrowingPauses } from '../../../src/async/back-off.ts';
import { retry } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import { isDenied } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { listPages, listRequest } from '../../../src/kube/api/list.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';
import { listWatch, type WatchEventType } from '../../../src/kube/watch/watch.ts';
import { asX8sError, type Following, isNewer, onceAborted, PAGE, pause, persist } from './following.ts';
import { type HeldEvent, HeldEvents, type HeldLimits, listBeside } from './held-events.ts';

/** Who follows one namespace. */
export interface NamespaceFollower extends Following {
  readonly namespace: string;
}

export interface WideWatchOptions {
  readonly kube: KubeClient;
  readonly resource: Resource;
  readonly metadataOnly: boolean;
  readonly clock: Clock;
  /** Nobody follows any more, or the right to it is gone. */
  readonly ended: (isDenied: boolean) => void;
  readonly brokeOff: () => void;
  readonly limits: HeldLimits;
  /** Follows that namespace by itself; resolves when its list is complete. */
  readonly byItself: (follower: NamespaceFollower) => Promise<void>;
}

/** A right that is refused for so long is gone; a server that restarts refuses it for some seconds. */
const DENIED_MS = 30_000;

interface Follower extends NamespaceFollower {
  isListed: boolean;
  /** Changes that came while its list was on the way; undefined once it is up to date. */
  held: HeldEvents | undefined;
  /** Version of its last list, until the watch has come as far: what is not newer was in it. */
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
  /** How far the watch has come; empty where it has told nothing yet. */
  #reached = '';
  /** Before it begins anew. */
  readonly #pauses: GrowingPauses;
  #deniedSince: number | undefined;

  constructor(options: WideWatchOptions) {
    this.#options = options;
    this.#pauses = new GrowingPauses(pause, wakingClock(options.kube, options.clock));
    void this.#run();
  }

  /**
   * Follows until the signal aborts. Resolves when the namespace's list is complete.
   * @throws what the handler throws until then: it is not followed
   */
  async join(joining: NamespaceFollower): Promise<void> {
    const follower: Follower = { ...joining, held: this.#holding(), listed: '' };
    this.#followers.add(follower);
    onceAborted(joining.signal, () => this.#leave(follower));
    try {
      await this.#bringUpToDate(follower);
    } catch (error) {
      this.#leave(follower);
      throw error;
    }
  }

  /** Each lists by itself, at its own pace: a page may wait for what only another follower's list brings. */
  async #bringUpToDate(follower: Follower): Promise<void> {
    const { handler, signal } = follower;
    const held = this.#holding();
    follower.held = held;
    let [version, starts] = ['', -1];
    // Where the watch began anew meanwhile, what happened before that may be in neither.
    while (starts !== this.#starts || held.lost) {
      if (held.lost) handler.disconnected?.(held.lost);
      await raced(this.#start.promise, signal);
      if (this.#over.signal.aborted) return this.#options.byItself(follower);
      starts = this.#starts;
      version = await this.#list(follower, held);
      await handler.listed?.();
      signal.throwIfAborted();
    }
    if (this.#over.signal.aborted) return this.#options.byItself(follower);
    handler.connected?.();
    handler.synced(version);
    follower.isListed = true;
    follower.listed = version;
    for (const event of held.events()) tell(follower, event);
    follower.held = undefined;
  }

  #holding(): HeldEvents {
    return new HeldEvents(this.#options.limits);
  }

  #list(follower: Follower, held: HeldEvents): Promise<string> {
    const { kube, resource, clock } = this.#options;
    const { namespace, handler, signal } = follower;
    const metadataOnly = this.#options.metadataOnly && follower.isListed;
    const page = (items: KubeObject[], first: boolean) => handler.page(items, first, !metadataOnly);
    const failed = (error: unknown): void => {
      if (!(error instanceof X8sError)) throw error;
      handler.disconnected?.(error);
    };
    const options = { namespace, metadataOnly, pageSize: PAGE, signal };
    const list = () => listBeside(held, options, (call) => listPages(kube, resource, call, page));
    return retry(list, { pause, clock: wakingClock(kube, clock), signal, failed });
  }

  /** Lists again who was up to date, at once, or after its handler has failed. It ends with its signal. */
  #renew(follower: Follower, { pauseFirst = false } = {}): void {
    const { kube, clock } = this.#options;
    follower.held = this.#holding();
    const how = { clock: wakingClock(kube, clock), pauseFirst };
    void persist(() => this.#bringUpToDate(follower), follower, how);
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#watch().catch((error: unknown) => this.#failed(error));
      await this.#pauses.wait(signal).catch(() => undefined);
    }
  }

  /** No watch runs, and nobody is followed until it begins anew: those who wait for that hear why, too. */
  #failed(error: unknown): void {
    if (this.#over.signal.aborted || error instanceof BeginsAnew) return;
    const why = asX8sError(error);
    const isDeniedFirst = isDenied(why) && this.#starts === 0;
    if (error instanceof Denied || isDeniedFirst || this.#isGone(why)) this.#giveUp();
    else for (const { handler } of this.#followers) handler.disconnected?.(why);
  }

  async #watch(): Promise<never> {
    const { kube, resource, metadataOnly, clock } = this.#options;
    const { signal } = this.#over;
    const { metadata } = await kube.request<{ metadata?: { resourceVersion?: string } }>(
      listRequest(resource, { metadataOnly: true, signal }, { limit: 1 }),
    );
    const known = this.#current();
    this.#starts++;
    this.#reached = '';
    this.#start.resolve();
    for (const follower of known) this.#renew(follower);
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
          if (follower.held) follower.held.add([type, object]);
          else this.#tell(follower, [type, object]);
        }
        this.#reach(object.metadata.resourceVersion);
      },
      bookmark: (version: string) => this.#reach(version),
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

  /** The watch works, and has told of all up to this version. */
  #reach(version = ''): void {
    this.#pauses.reset();
    if (!isOlder(version, this.#reached)) this.#reached = version;
  }

  /** One whose handler fails concerns no other. */
  #tell(follower: Follower, event: HeldEvent): void {
    // Some servers show what was deleted in the version that it had.
    if (this.#reached !== '' && !isOlder(this.#reached, follower.listed)) follower.listed = '';
    try {
      tell(follower, event);
    } catch (error) {
      follower.handler.disconnected?.(asX8sError(error));
      this.#renew(follower, { pauseFirst: true });
    }
  }

  #isGone(error: X8sError): boolean {
    if (!isDenied(error)) return false;
    const now = this.#options.clock.monotonic();
    this.#deniedSince ??= now;
    return now - this.#deniedSince >= DENIED_MS;
  }

  /** Each goes on by itself; those whose list is on the way find out by themselves. */
  #giveUp(): void {
    const { kube, clock, ended, byItself } = this.#options;
    const known = this.#current();
    this.#over.abort();
    ended(true);
    this.#start.resolve();
    for (const follower of known)
      void persist(() => byItself(follower), follower, { clock: wakingClock(kube, clock) });
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
function tell({ handler, listed }: Follower, [type, object]: HeldEvent): void {
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
