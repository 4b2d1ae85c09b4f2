/** A collection of a cluster as it is now, kept by list and watch. */
import type { ClusterSpec } from '../config.ts';
import type { Api, KubeObject } from '../kube.ts';

/** What each of the agent's controllers works with. */
export interface Context {
  readonly api: Api;
  readonly cluster: ClusterSpec;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The objects of one path by namespace and name; `changed` hears of each that is new or different. */
export class Collection<T extends KubeObject> {
  readonly items = new Map<string, T>();
  /** Settled once the first list is here. */
  readonly listed: Promise<void>;

  constructor(
    { api, signal }: Context,
    path: string,
    changed: (object: T, gone: boolean) => void = () => {},
  ) {
    let settle = (): void => {};
    this.listed = new Promise((resolve) => {
      settle = resolve;
    });
    void api.follow<T>(path, signal, {
      replace: (items) => {
        const gone = new Map(this.items);
        this.items.clear();
        for (const item of items) {
          this.items.set(keyOf(item), item);
          gone.delete(keyOf(item));
        }
        settle();
        for (const item of gone.values()) changed(item, true);
        for (const item of items) changed(item, false);
      },
      change: ({ type, object }) => {
        if (type === 'DELETED') this.items.delete(keyOf(object));
        else this.items.set(keyOf(object), object);
        changed(object, type === 'DELETED');
      },
    });
  }

  all(): T[] {
    return [...this.items.values()];
  }
}

/** Runs work for a key once at a time, and again after a moment where it failed. */
export class OncePerKey {
  /** Per busy key the work that came meanwhile; only the newest matters. */
  readonly #next = new Map<string, (() => Promise<void>) | undefined>();
  readonly #log: (line: string) => void;

  constructor({ log }: Pick<Context, 'log'>) {
    this.#log = log;
  }

  /** Starts the work for a key, or keeps it until what is under way for that key is done. */
  run(key: string, work: () => Promise<void>): void {
    if (this.#next.has(key)) this.#next.set(key, work);
    else {
      this.#next.set(key, undefined);
      void this.#drain(key, work);
    }
  }

  async #drain(key: string, first: () => Promise<void>): Promise<void> {
    let pause = 200;
    for (let work: (() => Promise<void>) | undefined = first; work; ) {
      const failed = await this.#fails(key, work);
      if (failed) await new Promise((resolve) => setTimeout(resolve, pause));
      pause = failed ? pause * 2 : 200;
      const newer: (() => Promise<void>) | undefined = this.#next.get(key);
      this.#next.set(key, undefined);
      work = newer ?? (failed && pause < 30_000 ? work : undefined);
    }
    this.#next.delete(key);
  }

  async #fails(key: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return false;
    } catch (error) {
      this.#log(`${key}: ${String(error)}`);
      return true;
    }
  }
}
