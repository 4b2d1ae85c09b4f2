/** A watch of a FakeCluster, as the API server writes it: one JSON event a line. */
import type { RawRequest } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Collection, FakeCluster, FakeEvent } from './fake-cluster.ts';
import { selects } from './fake-selectors.ts';

type Query = NonNullable<RawRequest['query']>;

/** Events after `resourceVersion`, until the signal; an ERROR event with 410 where they are not kept any more. */
export async function* fakeWatch(
  cluster: FakeCluster,
  collection: Collection,
  namespace: string | undefined,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const wanted = selects(asText(query.labelSelector), asText(query.fieldSelector));
  let seen = Number(query.resourceVersion ?? cluster.version);
  if (seen < cluster.compactedAt)
    return yield line('ERROR', { code: 410, reason: 'Expired', kind: 'Status' });
  const over = AbortSignal.any([signal, cluster.link]);
  while (!over.aborted) {
    for (const event of cluster.events.filter(({ version }) => version > seen)) {
      seen = event.version;
      if (event.collection !== collection || !inNamespace(event, namespace)) continue;
      const change = changeOf(event, wanted);
      if (change) yield line(...change);
    }
    await nextEvent(cluster, seen, over);
  }
  signal.throwIfAborted();
}

const asText = (value: unknown) => (value === undefined ? undefined : String(value));

function inNamespace({ before, after }: FakeEvent, namespace: string | undefined): boolean {
  return namespace === undefined || (after ?? before)?.metadata.namespace === namespace;
}

/** What a watcher sees: an object that leaves its selector is DELETED to it. */
function changeOf(
  { before, after, version }: FakeEvent,
  wanted: (object: KubeObject) => boolean,
): [string, KubeObject] | undefined {
  const was = before !== undefined && wanted(before);
  const is = after !== undefined && wanted(after);
  if (after && is) return [was ? 'MODIFIED' : 'ADDED', after];
  if (!before || !was) return undefined;
  const last = structuredClone(before);
  last.metadata.resourceVersion = String(version);
  return ['DELETED', last];
}

function line(type: string, object: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
}

async function nextEvent(cluster: FakeCluster, seen: number, over: AbortSignal): Promise<void> {
  if (over.aborted || cluster.events.some(({ version }) => version > seen)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = cluster.onEvent(resolve);
  over.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  stop();
}
