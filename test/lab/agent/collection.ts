/** A collection of a cluster as it is now, kept by list and watch. */
import type { ClusterSpec } from '../config.ts';
import type { Api, KubeObject } from '../kube.ts';

/** What each of the agent's controllers is handed. */
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

/** Runs work for a key once at a time; the same key meanwhile is not queued, its next event will come. */
export class OncePerKey {
  readonly #busy = new Set<string>();

  async run(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    try {
      await work();
    } finally {
      this.#busy.delete(key);
    }
  }
}
