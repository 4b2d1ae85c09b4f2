/** Handlers of a task's informers: they bring what is listed and watched into the caches. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { InformerHandler } from '../cache/informers.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { listOf, type ObjectKey } from '../objects/keys.ts';
import type { Replica } from '../reconcile/replica.ts';
import type { PrimaryGuard } from './primary-guard.ts';

/** One list: a kind in a namespace, or in the whole cluster. */
export interface Listed {
  readonly kind: CopiedKind;
  /** Namespace of the primary; all where absent. */
  readonly namespace: string | undefined;
}

/** A replica's own objects. `failed` hears that its list will not come for now. */
export function replicaHandler(
  replica: Replica,
  { kind, namespace }: Listed,
  failed: () => void,
): InformerHandler {
  return {
    page: (items, first, whole) => replica.page(kind, namespace, items, first, whole),
    synced: () => replica.synced(kind, namespace),
    event: (type, object) => replica.event(kind, type, object),
    connected: () => replica.connected(kind, namespace),
    disconnected: (error) => {
      replica.disconnected(kind, namespace, error);
      failed();
    },
  };
}

export interface PrimaryHandlerOptions {
  readonly primaryCache: PrimaryCache;
  readonly guard: PrimaryGuard;
  readonly replicas: readonly Replica[];
  /** Returns the key of what is to be compared. */
  readonly take: (kind: CopiedKind, object: KubeObject, list?: string) => ObjectKey | undefined;
  /** Resolves when more objects may come. */
  readonly room: () => Promise<void>;
}

/** The primary's objects. */
export function primaryHandler(
  { kind, namespace }: Listed,
  { primaryCache, guard, replicas, take, room }: PrimaryHandlerOptions,
): InformerHandler {
  const list = listOf(kind.name, namespace);
  const scope = namespace ?? '';
  let lists = 0;
  return {
    page: async (items, first) => {
      if (first) primaryCache.beginList(list);
      const keys = items.flatMap((object) => take(kind, object, list) ?? []);
      await room();
      await Promise.all(replicas.map((replica) => replica.coming.settled(list, keys)));
    },
    // What the primary has no more can be measured only against all that a replica has.
    listed: async () => {
      await Promise.all(replicas.map((replica) => replica.coming.over(list)));
    },
    synced: (version) => {
      // A list that begins anew may come from another cluster. Each deletion asks the primary again who it is.
      if (lists++ > 0) void guard.recognise();
      guard.checkList(kind.name, scope, version);
      guard.suspect(primaryCache.takeOlder());
      const gone = primaryCache.endList(list, kind, namespace);
      for (const replica of replicas) replica.sweep(kind, namespace, gone);
    },
    event: (type, object) => {
      guard.note(kind.name, scope, object.metadata.resourceVersion ?? '');
      if (type !== 'DELETED') take(kind, object);
      else {
        const key = primaryCache.remove(kind, object);
        for (const replica of replicas) replica.renewed(key);
      }
    },
  };
}
