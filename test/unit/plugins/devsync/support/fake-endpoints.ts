/** Endpoints in memory on which nothing can be put, for what a synchronizer makes of failures. */
import type { Entry, MaybeEntry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import type { AncestorStore } from '../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';
import type { CycleOptions } from '../../../../../plugins/devsync/session/cycle/sync-cycle.ts';
import type { ContentRef, Endpoint, KeepingEndpoint } from '../../../../../plugins/devsync/sync/endpoint.ts';
import { systemClock } from '../../../../../src/clock.ts';

export const directory = (children: Record<string, Entry>): Entry => ({
  kind: 'directory',
  children: new Map(Object.entries(children)),
});

/** A side that can do nothing (its disk is full), and hints at what it could not do, as a real one does. */
export function fakeFullEndpoint(tree: MaybeEntry): KeepingEndpoint & { attempts: number } {
  const endpoint = {
    attempts: 0,
    facts: {
      rootId: 'id',
      foldsNames: false,
      hasModes: true,
      freeBytes: 0,
      hasStaged: false,
      metadataFolder: '',
      isMetadataInside: false,
    },
    tree,
    degraded: undefined,
    isBusy: false,
    onHint: () => {},
    refresh: async () => {},
    missing: async () => [],
    signature: async () => undefined,
    async *read() {},
    receive: async () => {},
    unfiled: (items: readonly ContentRef[]) => [...items],
    discard: async () => [],
    trash: async () => ({ items: [], used: 0, limit: 0 }),
    restore: async () => {},
    emptyTrash: async () => 0,
    close: async () => {},
    async apply(operations: readonly { readonly path: string }[]) {
      endpoint.attempts++;
      setImmediate(() => endpoint.onHint());
      return operations.map(({ path }) => ({ path, problem: 'no space is left' }));
    },
  };
  return endpoint;
}

/** What all synchronizers here have in common. */
export function optionsFor(
  local: KeepingEndpoint,
  container: Endpoint,
  ancestor: AncestorStore,
  signal: AbortSignal,
): CycleOptions {
  return {
    local,
    container,
    ancestor,
    binding: 'here',
    mode: 'two-way-safe',
    from: 'local',
    takeGit: false,
    trashLimits: { local: 1e9, container: 1e9 },
    clock: systemClock,
    signal,
    onState: () => {},
  };
}

export const version = (digit: string) =>
  ({ kind: 'file', digest: digit.repeat(64), size: 1, executable: false }) as const;
