/** A few objects of the state's namespace, kept as they are there now: read from memory, however often that is. */
import { retryUntilAborted } from '../../../../src/async/retry.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';
import { wakingClock } from '../../../../src/kube/watch/waking-clock.ts';
import { listWatch } from '../../../../src/kube/watch/watch.ts';
import { stateNamespace } from '../../decide/spec.ts';

export interface KeptOptions<T extends KubeObject> {
  readonly kube: KubeClient;
  readonly resource: Resource<T>;
  readonly labelSelector: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** An object came, changed, or went (then it is undefined). */
  readonly changed?: (name: string, object: T | undefined) => void;
}

const pause = { firstMs: 500, mostMs: 30_000 };

export class KeptObjects<T extends KubeObject> {
  readonly #options: KeptOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #first = Promise.withResolvers<void>();
  #problem: string | undefined = 'not listed yet';

  constructor(options: KeptOptions<T>) {
    this.#options = options;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** Why what is here may be old; undefined while it is not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves after the first complete list. */
  get listed(): Promise<void> {
    return this.#first.promise;
  }

  /** Keeps them until the signal aborts, over whatever happens to the API server. Never rejects. */
  async run(): Promise<void> {
    const { kube, resource, labelSelector, clock, signal } = this.#options;
    const options = { namespace: stateNamespace, labelSelector, clock };
    const watch = () => listWatch(kube, resource, options, this.#handler(), signal);
    const failed = (error: unknown): void => {
      this.#problem = messageOf(error);
    };
    await retryUntilAborted(watch, { pause, clock: wakingClock(kube, clock), signal, failed });
  }

  #handler() {
    return {
      replaced: (items: T[]) => this.#replace(items),
      event: (type: string, object: T) =>
        this.#set(object.metadata.name, type === 'DELETED' ? undefined : object),
      connected: () => {
        this.#problem = undefined;
      },
      disconnected: (error: Error) => {
        this.#problem = messageOf(error);
      },
    };
  }

  #replace(items: readonly T[]): void {
    const names = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of [...this.#objects.keys()]) if (!names.has(name)) this.#set(name, undefined);
    for (const item of items) this.#set(item.metadata.name, item);
    this.#problem = undefined;
    this.#first.resolve();
  }

  #set(name: string, object: T | undefined): void {
    if (object) this.#objects.set(name, object);
    else this.#objects.delete(name);
    this.#options.changed?.(name, object);
  }
}
