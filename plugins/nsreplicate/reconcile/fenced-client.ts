/**
 * A client that asks before each write whether this process may still write, and lets none be made once another process
 * may: a server may hold one back, and goes on with it though whoever sent it was killed.
 */
import type { CallOptions, KubeClient, WriteLimit } from '../../../src/kube/api/client.ts';

/** However long this process may write: a write is made within this time after it was asked whether it may be, or never. */
export const WRITE_MS = 10_000;

export interface Fence {
  /** Resolves with the milliseconds for which this process surely may write; rejects once it may no longer. */
  readonly fence: () => Promise<number>;
  /**
   * Aborted once another process may write: a write under way is given up, its outcome unknown. Nothing else ends a write
   * that was begun, since it would be made or not behind the back of whoever is told that all have ended.
   */
  readonly lost?: AbortSignal | undefined;
}

export function fencedClient(kube: KubeClient, { fence, lost }: Fence): KubeClient {
  const { cluster } = kube;
  const begun = async <T extends CallOptions>(options: T) => {
    const leftMs = await fence();
    options.signal?.throwIfAborted();
    return { ...options, notAfterMs: Math.min(WRITE_MS, leftMs), signal: lost } satisfies WriteLimit;
  };
  return {
    cluster,
    get transport() {
      return kube.transport;
    },
    request: (request) => kube.request(request),
    stream: (request) => kube.stream(request),
    get: (resource, ref, options) => kube.get(resource, ref, options),
    find: (resource, ref, options) => kube.find(resource, ref, options),
    list: (resource, options) => kube.list(resource, options),
    create: async (resource, object, options = {}) =>
      kube.create(resource, object, options.dryRun ? options : await begun(options)),
    replace: async (resource, object, options = {}) =>
      kube.replace(resource, object, options.dryRun ? options : await begun(options)),
    apply: async (resource, object, options) =>
      kube.apply(resource, object, options.dryRun ? options : await begun(options)),
    patch: async (resource, ref, patch, options) =>
      kube.patch(resource, ref, patch, options.dryRun ? options : await begun(options)),
    delete: async (resource, ref, options = {}) =>
      kube.delete(resource, ref, options.dryRun ? options : await begun(options)),
    close: () => kube.close(),
  };
}
