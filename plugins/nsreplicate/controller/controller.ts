/** The controller: one leads, and carries out every KRMSyncer of its cluster. */

import { onAbort } from '../../../src/async/abort.ts';
import { GrowingPauses } from '../../../src/async/back-off.ts';
import { repeat } from '../../../src/async/repeat.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import { isDenied } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { listRequest } from '../../../src/kube/api/list.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { Informers } from '../cache/informers.ts';
import type { Meters } from '../jobs/meters.ts';
import { fencedClient } from '../reconcile/fenced-client.ts';
import { ensureStateNamespace } from '../state/task-objects.ts';
import { Addresses } from './access/addresses.ts';
import { Clients } from './access/clients.ts';
import { innerRanges } from './access/inner.ts';
import type { RightsPolicy } from './access/rights.ts';
import { WatchedSecrets } from './access/secrets.ts';
import { SharedControls } from './controls.ts';
import { labelLeader } from './leading/leader-label.ts';
import { type Leadership, takeLeadership } from './leading/leadership.ts';
import { ownIdentity } from './leading/own-identity.ts';
import { krmSyncers, placeOf, type SyncerObject } from './resource/resource.ts';
import { isEldestAmong } from './resource/task-names.ts';
import { defectText, Syncer, type SyncerContext } from './syncer.ts';
import type { ControllerWork } from './work-now.ts';

export interface ControllerOptions {
  readonly own: KubeClient;
  /** Only KRMSyncers of this namespace; all where absent. */
  readonly namespace: string | undefined;
  /** The pod in which it runs, in the state's namespace: it is labelled while it leads. */
  readonly pod: string | undefined;
  readonly policy: RightsPolicy;
  /** As `TaskOptions.mostObjects`, of each resource. */
  readonly mostObjects: number;
  /** Further ranges of addresses to which kubeconfigs may not lead. */
  readonly innerCidrs: readonly string[];
  /** Kept as it is at any moment. */
  readonly work: ControllerWork;
  /** Hears how a task's jobs end, where somebody wants to. */
  readonly metersOf: (task: string) => Meters | undefined;
  /** Its resource is gone, or this process does not lead any more. */
  readonly taskEnded: (task: string) => void;
  readonly requestTimeoutMs: number;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** It leads or stands by from now on. */
  readonly ready: () => void;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** How often it is looked which addresses belong to this cluster: nodes come and go. */
const ADDRESSES_MS = 60_000;

/** Between attempts to lead without the rights for it, as while an API server that restarts reads its roles. */
const deniedPause = { firstMs: 1000, mostMs: 10_000 };

/** Leads, or stands by, until the signal aborts, which it rejects with. */
export async function runController(options: ControllerOptions): Promise<never> {
  const { own, signal, info, warn } = options;
  await ensureStateNamespace(own, { signal });
  // A right that is lacking is said now, and not when this one first leads. After this it may come back.
  await own.request(listRequest(krmSyncers, { namespace: options.namespace, signal }, { limit: 1 }));
  options.ready();
  // Asked once: what it is does not change while it runs, and an answer of the moment must not decide.
  const ownId = await ownIdentity(options);
  const pauses = new GrowingPauses(deniedPause, options.clock);
  for (let known = false; ; known = true) {
    signal.throwIfAborted();
    const leadership = await takeLeadership({ ...options, known });
    const { lock } = leadership;
    info('leading');
    try {
      await lead({ ...options, ownId }, leadership, AbortSignal.any([signal, lock.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
      if (lock.signal.aborted) {
        warn(messageOf(lock.signal.reason));
        pauses.reset();
      } else if (isDenied(error)) {
        if (pauses.isFirst) warn(`${messageOf(error)}; tried again by itself`);
      } else throw error;
    } finally {
      await lock.release();
    }
    if (!lock.signal.aborted) await pauses.wait(signal);
  }
}

interface LeaderOptions extends ControllerOptions {
  /** As `Cluster.id`. */
  readonly ownId: string;
}

async function lead(options: LeaderOptions, leadership: Leadership, signal: AbortSignal): Promise<never> {
  const { own, namespace, pod, clock, warn } = options;
  const leading = new AbortController();
  onAbort(signal, () => leading.abort(signal.reason));
  const context = await contextOf(options, leadership, leading.signal);
  const syncers = new Syncers(options, context, leading.signal);
  if (pod !== undefined)
    labelLeader({ kube: context.own, pod, clock, signal: leading.signal, warn }).catch((error: unknown) =>
      warn(messageOf(error)),
    );
  try {
    return await listWatch(
      own,
      krmSyncers,
      { namespace, clock },
      {
        replaced: (objects) => syncers.replace(objects),
        event: (type, object) => (type === 'DELETED' ? syncers.remove(object) : syncers.take(object)),
      },
      leading.signal,
    );
  } finally {
    leading.abort();
    await syncers.ended();
  }
}

/** What all resources share, but for what is said of each and which others there are. */
type Shared = Omit<SyncerContext, 'isEldest'>;

async function contextOf(
  options: LeaderOptions,
  { lock, guardedBy, admit }: Leadership,
  signal: AbortSignal,
): Promise<Shared> {
  const { own, ownId, clock, requestTimeoutMs, userAgent, policy, work, metersOf, taskEnded } = options;
  const { info, warn, mostObjects } = options;
  const informers = new Informers(clock);
  work.informers = informers;
  let addresses = await readAddresses(options, warn);
  const look = async () => {
    addresses = await readAddresses(options, () => undefined).catch(() => addresses);
  };
  void repeat(look, { periodMs: ADDRESSES_MS, pauseFirst: true, clock, signal });
  const right = { fence: () => lock.confirm(), lost: lock.signal };
  return {
    own: fencedClient(own, right),
    ownId,
    clients: new Clients({ own, clock, requestTimeoutMs, userAgent, addresses: () => addresses }),
    secrets: new WatchedSecrets(own, clock),
    controls: new SharedControls(own, clock, signal),
    informers,
    work,
    metersOf,
    taskEnded,
    policy,
    mostObjects,
    clock,
    ...right,
    guardedBy,
    admit,
    info,
    warn,
  };
}

async function readAddresses(
  { own, innerCidrs, signal }: ControllerOptions,
  warn: (text: string) => void,
): Promise<Addresses> {
  return new Addresses([...innerCidrs, ...(await innerRanges(own, warn, { signal }))]);
}

interface Running {
  readonly object: SyncerObject;
  readonly syncer: Syncer;
  readonly uid: string | undefined;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly over: Promise<void>;
}

/** The resources that are carried out now. */
class Syncers {
  readonly #options: ControllerOptions;
  readonly #context: Shared;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, Running>();
  /** Those that are ending; a successor of the same name waits for them. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(options: ControllerOptions, context: Shared, signal: AbortSignal) {
    this.#options = options;
    this.#context = context;
    this.#signal = signal;
  }

  replace(objects: readonly SyncerObject[]): void {
    const places = new Set(objects.map(placeOf));
    for (const place of this.#running.keys()) if (!places.has(place)) this.#stop(place);
    for (const object of objects) this.take(object);
  }

  take(object: SyncerObject): void {
    const place = placeOf(object);
    const running = this.#running.get(place);
    if (running && running.uid === object.metadata.uid) running.syncer.update(object);
    else {
      if (running) this.#stop(place);
      this.#start(place, object);
    }
  }

  remove(object: SyncerObject): void {
    const place = placeOf(object);
    if (this.#running.get(place)?.uid === object.metadata.uid) this.#stop(place);
  }

  /** Resolves when all that was stopped has come to its end. */
  async ended(): Promise<void> {
    for (const place of [...this.#running.keys()]) this.#stop(place);
    await Promise.all(this.#ending.values());
  }

  #start(place: string, object: SyncerObject): void {
    const stop = new AbortController();
    onAbort(this.#signal, () => stop.abort(this.#signal.reason));
    const { info, warn } = this.#options;
    const say = (tell: (text: string) => void) => (text: string) => tell(`${place}: ${text}`);
    const isEldest = (one: SyncerObject) => {
      const present = [...this.#running.values()].map((running) => running.object);
      return isEldestAmong(present, one);
    };
    const context = { ...this.#context, isEldest, info: say(info), warn: say(warn) };
    const syncer = new Syncer(object, context, stop.signal);
    const before = this.#ending.get(place);
    const over = Promise.resolve(before)
      .then(() => syncer.run())
      .catch((error: unknown) => context.warn(defectText(error)));
    this.#running.set(place, { object, syncer, uid: object.metadata.uid, stop, over });
  }

  #stop(place: string): void {
    const running = this.#running.get(place);
    if (!running) return;
    this.#running.delete(place);
    running.stop.abort();
    const { over } = running;
    this.#ending.set(place, over);
    void over.then(() => {
      if (this.#ending.get(place) === over) this.#ending.delete(place);
    });
    this.#options.info(`${place}: stopped`);
  }
}
