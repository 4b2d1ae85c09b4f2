/** Lists and watches of an API server that restarts, forgets, freezes, and gets an older store back: lab-c's. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { ConfigMap } from '../../src/kube/api/objects.ts';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import { listWatch } from '../../src/kube/watch/watch.ts';
import {
  ensureThird,
  expireWatches,
  freezeComponent,
  killComponent,
  labKubeconfigPath,
  restoreEtcd,
  snapshotEtcd,
  startComponent,
  takeThirdDown,
  thawComponent,
} from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';
import { slowness } from '../support/slowness.ts';
import { isLab } from './support/contexts.ts';

const cluster = 'lab-c';
const namespace = `x8s-test-watch-faults-${randomBytes(3).toString('hex')}`;
const part = 'kube-apiserver';

let kube: KubeClient;
const stop = new AbortController();

/** What a watch knows of the namespace's ConfigMaps by what it was told, and how often it was told what. */
class Mirror {
  readonly values = new Map<string, string | undefined>();
  lists = 0;
  outages = 0;
  #changed = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<unknown>;

  constructor(client: KubeClient, inactivityMs?: number) {
    const handler = {
      replaced: (items: ConfigMap[]) => {
        this.lists += 1;
        this.values.clear();
        for (const item of items) this.#put(item);
        this.#tell();
      },
      event: (type: string, item: ConfigMap) => {
        if (type === 'DELETED') this.values.delete(item.metadata.name);
        else this.#put(item);
        this.#tell();
      },
      disconnected: () => {
        this.outages += 1;
      },
    };
    const options = { namespace, labelSelector: 'mirrored', ...(inactivityMs && { inactivityMs }) };
    this.#watching = listWatch(client, configMaps, options, handler, this.#stop.signal).catch(
      (error) => error,
    );
  }

  #put({ metadata, data }: ConfigMap): void {
    this.values.set(metadata.name, data?.value);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves when the mirror holds this, or rejects with what it holds after a while. */
  async holds(wanted: Record<string, string>, limitMs = 120_000 * slowness()): Promise<void> {
    const limit = sleep(limitMs, 'late', { signal: this.#stop.signal }).catch(() => 'late');
    for (;;) {
      const now = Object.fromEntries(this.values);
      if (JSON.stringify(sorted(now)) === JSON.stringify(sorted(wanted))) return;
      if ((await Promise.race([this.#changed.promise, limit])) === 'late') expect(now).toEqual(wanted);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }
}

const sorted = (record: Record<string, unknown>) => Object.entries(record).sort();

const put = (name: string, value: string) =>
  kube.apply(
    configMaps,
    { metadata: { name, namespace, labels: { mirrored: '' } }, data: { value } },
    { fieldManager: 'test', force: true, timeoutMs: 30_000 },
  );

const describeOnLab = isLab ? describe : describe.skip;

describeOnLab('a server that forgets', () => {
  let mirror: Mirror | undefined;

  beforeAll(async () => {
    await ensureThird();
    kube = await connect({ kubeconfig: labKubeconfigPath(), context: cluster, requestTimeoutMs: 30_000 });
    await kube.apply(namespaces, { metadata: { name: namespace } }, { fieldManager: 'test' });
  });

  afterEach(async () => {
    await mirror?.close();
    mirror = undefined;
    const { items } = await kube.list(configMaps, { namespace, labelSelector: 'mirrored' });
    for (const { metadata } of items) await kube.delete(configMaps, { namespace, name: metadata.name });
  });

  afterAll(async () => {
    stop.abort();
    await kube.delete(namespaces, { name: namespace });
    await kube.close();
    await takeThirdDown();
  });

  test('a watch survives a killed API server and misses nothing', async () => {
    mirror = new Mirror(kube);
    await put('a', '1');
    await mirror.holds({ a: '1' });
    await killComponent(cluster, part);
    await startComponent(cluster, part);
    await put('b', '2');
    await mirror.holds({ a: '1', b: '2' });
    // Where anything else was written between, the server has forgotten the watch's moment, and is listed once more.
    expect(mirror.lists).toBeLessThanOrEqual(2);
  });

  test('a watch lists anew when the server has forgotten what happened meanwhile', async () => {
    await put('a', '1');
    await put('gone', '1');
    mirror = new Mirror(kube);
    await mirror.holds({ a: '1', gone: '1' });
    await kube.delete(configMaps, { namespace, name: 'gone' });
    await put('a', '2');
    await expireWatches(cluster);
    await put('b', '1');
    await mirror.holds({ a: '2', b: '1' });
  });

  test('a watch sees what was undone by a store that was put back from a backup', async () => {
    await put('a', 'before');
    snapshotEtcd(cluster, 'watch-faults');
    mirror = new Mirror(kube);
    await put('a', 'after');
    for (let value = 0; value < 30; value++) await put('b', String(value));
    await mirror.holds({ a: 'after', b: '29' });
    await restoreEtcd(cluster, 'watch-faults');
    await mirror.holds({ a: 'before' });
    await put('c', 'new');
    await mirror.holds({ a: 'before', c: 'new' });
    // Once more where anything else was written between, as above.
    expect([2, 3]).toContain(mirror.lists);
  });

  test('a watch takes a frozen server for dead, and goes on when it thaws', async () => {
    mirror = new Mirror(kube, 3_000);
    await put('a', '1');
    await mirror.holds({ a: '1' });
    freezeComponent(cluster, part);
    try {
      await eventually(() => expect(mirror?.outages).toBeGreaterThan(0));
    } finally {
      thawComponent(cluster, part);
    }
    await put('a', '2');
    await mirror.holds({ a: '2' });
  });

  test('a list whose moment is forgotten between two pages is told so: 410, Expired', async () => {
    await put('a', '1');
    await put('b', '1');
    const page = (next?: string) =>
      kube.request<{ metadata: { continue: string } }>({
        method: 'GET',
        path: `/api/v1/namespaces/${namespace}/configmaps`,
        query: { limit: 1, labelSelector: 'mirrored', ...(next && { continue: next }) },
      });
    const first = await page();
    await put('b', '2');
    await expireWatches(cluster);
    await expect(page(first.metadata.continue)).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });
});
