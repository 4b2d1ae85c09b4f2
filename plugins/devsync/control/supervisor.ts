/** `watch`: follows the specifications in a cluster and runs those that belong to this workstation. */
import { retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { acrossOutages } from '../../../src/kube/watch/until-answers.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { formatHolder, thisProcess } from '../../../src/tasks/holder.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { SyncMemory } from '../session/ancestor/sync-memory.ts';
import { PlaceClaims } from '../session/pods/place-claims.ts';
import { role, tool } from '../spec/spec.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import type { Workstation } from '../spec/workstation.ts';
import { plainWords } from '../wire/plain-words.ts';
import { LineNews } from './line-news.ts';
import { logger, NotAgreed, serveSync } from './serve-sync.ts';
import { serveControl } from './socket.ts';

export interface SupervisorOptions {
  readonly kube: KubeClient;
  readonly specs: SpecStore;
  readonly workstation: Workstation;
  /** All that may be seen where absent. */
  readonly namespace: string | undefined;
  /** All where empty. */
  readonly names: readonly string[];
  /** The configuration file that names them, where one does. */
  readonly file?: string;
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onLog: (line: string) => void;
}

/** How often, at intervals of so many milliseconds, it is looked whether a sync that is new was made here. */
const [newLooks, newInterval] = [30, 100];

/** Before a sync that ended is begun again. */
const pause = { firstMs: 5_000, mostMs: 5_000 };

/** Another command has stopped a sync to change what belongs to it. It goes on with what is there then. */
class Stopped extends Error {}

/** Runs until the signal says stop; rejects where specifications may not be listed. */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const supervisor = new Supervisor({ ...options, signal });
  const { kube, workstation, file } = options;
  const { context, server } = kube.cluster;
  await serveControl({
    path: workstation.watchSocket(server, file),
    handler: async (method) => {
      if (method === 'status') return supervisor.status();
      if (method !== 'stop') return supervisor.running();
      stop.abort();
      // Answered only when all have ended: the caller may start another watch then.
      return await supervisor.settled();
    },
    about: file === undefined ? `a watch of ${context}` : `an up of ${file}`,
    hint:
      file === undefined
        ? 'kubectl devsync watch stop ends it; one watch runs all syncs, with -A those of all namespaces.'
        : 'kubectl devsync stop ends it.',
    signal,
  });
  try {
    await supervisor.follow();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await supervisor.settled();
  }
}

/** A sync that a watch follows, for who looks on. */
export interface FollowedSync {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Why it does not run here right now; empty where it does. */
  readonly trouble: string;
}

interface Served extends Omit<FollowedSync, 'uid'> {
  trouble: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<string, Served>();
  readonly #places = new PlaceClaims();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  running(): string[] {
    return [...this.#running.values()].map(({ name }) => name);
  }

  status(): FollowedSync[] {
    return [...this.#running].map(([uid, { name, namespace, trouble }]) => ({
      uid,
      name,
      namespace,
      trouble,
    }));
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async follow(): Promise<void> {
    const { kube, namespace, signal, onLog } = this.#options;
    const line = new LineNews(onLog);
    const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: role });
    await listWatch(
      kube,
      configMaps,
      { namespace, labelSelector },
      {
        replaced: (items: ConfigMap[]) => {
          const uids = new Set(items.map(({ metadata }) => metadata.uid));
          for (const uid of this.#running.keys()) if (!uids.has(uid)) this.#stop(uid);
          for (const item of items) this.#start(item);
        },
        event: (type, item: ConfigMap) => {
          if (type === 'DELETED' || item.metadata.deletionTimestamp) this.#stop(item.metadata.uid ?? '');
          else this.#start(item);
        },
        connected: () => line.connected(),
        disconnected: (error) => line.disconnected(error),
      },
      signal,
    );
  }

  #start({ metadata }: ConfigMap): void {
    const { names, signal } = this.#options;
    const name = metadata.labels?.[Label.task];
    const { uid, namespace } = metadata;
    if (name === undefined || uid === undefined || namespace === undefined || this.#running.has(uid)) return;
    if (names.length > 0 && !names.includes(name)) return;
    const stop = new AbortController();
    const done = this.#serve(namespace, name, AbortSignal.any([signal, stop.signal]), (trouble) => {
      const served = this.#running.get(uid);
      if (served) served.trouble = trouble;
    });
    this.#running.set(uid, { name, namespace, trouble: '', stop, done });
  }

  #stop(uid: string): void {
    this.#running.get(uid)?.stop.abort();
    this.#running.delete(uid);
  }

  /** A command that makes a sync notes it here once the cluster has it, and may be a moment later than what is told of it. */
  async #untilNoted(uid: string, signal: AbortSignal): Promise<void> {
    const { workstation, clock } = this.#options;
    for (let look = 0; look < newLooks && workstation.find(uid) === undefined; look++)
      await clock.sleep(newInterval, signal);
  }

  async #serve(
    namespace: string,
    name: string,
    signal: AbortSignal,
    onTrouble: (trouble: string) => void,
  ): Promise<void> {
    const { kube, specs, clock, names, onLog } = this.#options;
    const holder = formatHolder(thisProcess());
    let said = '';
    let log = (line: string) => onLog(`${name}: ${line}`);
    const memory = new SyncMemory();
    const places = this.#places;
    const attempt = async (): Promise<void> => {
      const sync = await specs.get(namespace, name, signal);
      if (!specs.belongsHere(sync)) {
        log(`belongs to ${sync.spec.local.who}; left alone`);
        return onTrouble(`belongs to ${sync.spec.local.who}`);
      }
      // A `run` has just made it, and is about to take its lock.
      if (sync.spec.foreground && names.length === 0) return;
      log = logger({ ...this.#options, sync });
      onTrouble('');
      if (said === '') await this.#untilNoted(sync.uid, signal);
      await serveSync({ ...this.#options, sync, signal, holder, memory, places });
      throw new Stopped();
    };
    const failed = (error: unknown): void => {
      if (error instanceof Stopped) return;
      const words = error instanceof NotAgreed ? `${error.message}; ${error.hint}` : messageOf(error);
      if (words !== said) log(words);
      onTrouble(plainWords(words));
      said = words;
    };
    // Its lock is lost when the cluster does not answer: it begins anew as soon as that can be had.
    const reached = () => acrossOutages(kube, attempt, { clock, signal, failed });
    await retryUntilAborted(reached, { pause, clock, signal, failed });
  }
}
