/** Writes a task's documents into its cluster in batches: one at a time, at most one a second, newest content. */
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import { isConflict, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { fieldManager } from '../decide/spec.ts';
import { metadataOf, type Role } from './task-objects.ts';

export interface Document {
  readonly role: Role;
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface JournalOptions {
  /** Fenced: only who holds the task writes what is kept of it. */
  readonly kube: KubeClient;
  readonly task: string;
  readonly clock: Clock;
  /** The next document that changed, with its content of this moment; undefined: none did. */
  readonly next: (role?: 'state') => Document | undefined;
  readonly written: (role: Role) => void;
  /** It could not be written: hand it out again. */
  readonly failed: (role: Role) => void;
  /** Asked before a document is written of which it is not known how it stands there. */
  readonly doubted: (role: Role) => Promise<void>;
  readonly warn: (text: string) => void;
}

const PERIOD_MS = 1000;
/** Work waits for what is written out of turn. */
const NOW_MS = 3000;

interface WriteNext {
  readonly role?: 'state';
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export class Journal {
  readonly #options: JournalOptions;
  /** As they were last written; undefined where that failed, absent before the first time. */
  readonly #versions = new Map<Role, string | undefined>();
  #warned = false;
  readonly #turn = new SerialQueue();
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Writes what changes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      // What was written out of turn counts too.
      const early = this.#wroteAt + PERIOD_MS - clock.monotonic();
      if (early <= 0) await this.#inTurn({ signal });
      await clock.sleep(early > 0 ? early : PERIOD_MS, signal).catch(() => undefined);
    }
  }

  /** Writes a document before its turn. False: it can't be written just now. */
  async writeNow(role: 'state'): Promise<boolean> {
    return (await this.#inTurn({ role, timeoutMs: NOW_MS })) === 'written';
  }

  /**
   * Writes all that changed, now: at the end of a run. A document whose last write was cut short by that end may be
   * newer there than is known here, so one failure is no reason to give up.
   */
  async flush(limit = 32): Promise<void> {
    let failures = 0;
    for (let count = 0; count < limit; count++) {
      const came = await this.#inTurn({});
      if (came === 'nothing' || (came === 'failed' && ++failures > 1)) return;
    }
  }

  /** One at a time: each is based on the version before. */
  #inTurn(request: WriteNext): Promise<'written' | 'nothing' | 'failed'> {
    return this.#turn.run(() => this.#writeNext(request));
  }

  async #writeNext({ role: wanted, ...call }: WriteNext): Promise<'written' | 'nothing' | 'failed'> {
    const { clock, next, written, failed, doubted, warn } = this.#options;
    const document = next(wanted);
    if (!document) return 'nothing';
    this.#wroteAt = clock.monotonic();
    const { role } = document;
    try {
      // Somebody else may have written it, or the cluster was restored from a backup, which this write would hide.
      if (this.#versions.has(role) && this.#versions.get(role) === undefined) await doubted(role);
      const { metadata } = await this.#write(document, call);
      this.#versions.set(role, metadata.resourceVersion);
      written(role);
      this.#warned = false;
      return 'written';
    } catch (error) {
      failed(role);
      this.#versions.set(role, undefined);
      const isOvertaken = isConflict(error) || isNotFound(error);
      if (!isOvertaken && !this.#warned && !call.signal?.aborted) {
        warn(`the state of the task can't be written just now: ${messageOf(error)}`);
        this.#warned = true;
      }
      return 'failed';
    }
  }

  /**
   * A server takes several times as long for an apply of the same size, so only the first one, which may find the
   * document there or not, is one.
   */
  #write(document: Document, call: CallOptions): Promise<ConfigMap> {
    const { kube } = this.#options;
    const object = this.#object(document);
    return object.metadata.resourceVersion === undefined
      ? kube.apply(configMaps, object, { ...call, fieldManager, force: true })
      : kube.replace(configMaps, object, { ...call, fieldManager });
  }

  /** Based on the version that was written last: what happened to it meanwhile must not go unseen. */
  #object({ role, data, annotations }: Document): ConfigMap {
    const resourceVersion = this.#versions.get(role);
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...metadataOf(this.#options.task, role),
        annotations: { ...annotations },
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      data: { ...data },
    };
  }
}
