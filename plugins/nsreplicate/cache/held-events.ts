/**
 * Changes that come by a watch while the list of whoever follows is on its way. Of each object only the newest is kept: what
 * was before it, a list would not have shown either. Where they become too many, none is kept, and the list begins anew:
 * whatever it does not have yet it has then.
 */
import { X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { WatchEventType } from '../../../src/kube/watch/watch.ts';
import { formatBytes, formatCount } from '../../../src/ui/format.ts';

export type HeldEvent = readonly [WatchEventType, KubeObject];

/** How much is held for one list at most. */
export interface HeldLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Many followers of one process may list at once; and a list that meets more than this is soon old again. */
export const heldLimits: HeldLimits = { events: 20_000, bytes: 64 * 1024 * 1024 };

export class HeldEvents {
  readonly #limits: HeldLimits;
  readonly #held = new Map<string, { readonly event: HeldEvent; readonly bytes: number }>();
  #bytes = 0;
  #over = new AbortController();

  constructor(limits: HeldLimits) {
    this.#limits = limits;
  }

  /** A list begins: it will have what was held. Returns a signal that aborts once it has to begin anew. */
  begin(): AbortSignal {
    this.#clear();
    this.#over = new AbortController();
    return this.#over.signal;
  }

  /** Why the list has to begin anew; undefined where all that came since it began is held. */
  get lost(): X8sError | undefined {
    return this.#over.signal.reason;
  }

  /** Holds a change. */
  add(event: HeldEvent): void {
    if (this.#over.signal.aborted) return;
    const [, object] = event;
    const id = object.metadata.uid ?? `${object.metadata.namespace}/${object.metadata.name}`;
    const before = this.#held.get(id);
    // A store that was put back to an older state shows older versions, of which nothing follows about newer ones.
    const isOdd = before !== undefined && isOlder(versionOf(object), versionOf(before.event[1]));
    if (before && !isOdd) this.#forget(id, before.bytes);
    const bytes = JSON.stringify(object).length;
    this.#held.set(isOdd ? `${id} ${this.#held.size}` : id, { event, bytes });
    this.#bytes += bytes;
    if (this.#held.size <= this.#limits.events && this.#bytes <= this.#limits.bytes) return;
    const error = this.#tooMany();
    this.#clear();
    this.#over.abort(error);
  }

  /** What was held, in its order. */
  *events(): IterableIterator<HeldEvent> {
    for (const { event } of this.#held.values()) yield event;
  }

  #tooMany(): X8sError {
    const { events, bytes } = this.#limits;
    return new X8sError(
      `more changed while it was listed than is held (${formatCount(events)} changes, ${formatBytes(bytes)}): the list begins anew`,
    );
  }

  #forget(id: string, bytes: number): void {
    this.#held.delete(id);
    this.#bytes -= bytes;
  }

  #clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }
}

/**
 * Lists while changes are held. What came before will be in the list, unless it is of a store that was put back to an older
 * state since.
 * @throws {X8sError} too much changed meanwhile: the list has to begin anew
 */
export async function listBeside<T extends { readonly signal: AbortSignal }, Listed>(
  held: HeldEvents,
  options: T,
  list: (options: T) => Promise<Listed>,
): Promise<Listed> {
  const signal = AbortSignal.any([options.signal, held.begin()]);
  const listed = await list({ ...options, signal });
  if (held.lost) throw held.lost;
  return listed;
}

const versionOf = ({ metadata: { resourceVersion = '' } }: KubeObject): string => resourceVersion;
