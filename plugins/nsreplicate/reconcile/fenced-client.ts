/**
 * A replica's client that asks before each write whether this process may still write, and lets no write be made long
 * after that: a server may hold one back, and somebody else may have been told meanwhile that none comes any more.
 */
import type { KubeClient, WriteLimit } from '../../../src/kube/client.ts';

/** A write is made within this time after it was asked whether it may be, or never. As long as webhooks have by default. */
export const WRITE_MS = 10_000;

const limit: WriteLimit = { notAfterMs: WRITE_MS };

/** @param fence rejects once this process may no longer write */
export function fencedClient(kube: KubeClient, fence: () => Promise<void>): KubeClient {
  const { cluster } = kube;
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
    async create(resource, object, options) {
      if (options?.dryRun) return kube.create(resource, object, options);
      await fence();
      return kube.create(resource, object, { ...options, ...limit });
    },
    async replace(resource, object, options) {
      if (options?.dryRun) return kube.replace(resource, object, options);
      await fence();
      return kube.replace(resource, object, { ...options, ...limit });
    },
    async apply(resource, object, options) {
      if (options.dryRun) return kube.apply(resource, object, options);
      await fence();
      return kube.apply(resource, object, { ...options, ...limit });
    },
    async patch(resource, ref, patch, options) {
      if (options.dryRun) return kube.patch(resource, ref, patch, options);
      await fence();
      return kube.patch(resource, ref, patch, { ...options, ...limit });
    },
    async delete(resource, ref, options) {
      if (options?.dryRun) return kube.delete(resource, ref, options);
      await fence();
      return kube.delete(resource, ref, { ...options, ...limit });
    },
    close: () => kube.close(),
  };
}
