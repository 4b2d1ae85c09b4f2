/** Many objects of one namespace, and lists of them. */
import { expect } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';

const labelSelector = 'bulk=yes';

/** Does `work` for each item, `width` at a time. */
async function inParallel(count: number, width: number, work: (index: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Makes so many ConfigMaps: a list has all of them by pages, by metadata only, and from the cache. */
export async function expectComplete(kube: KubeClient, namespace: string, count: number): Promise<void> {
  await inParallel(count, 32, (index) =>
    kube.create(configMaps, {
      metadata: { name: `bulk-${index}`, namespace, labels: { bulk: 'yes' } },
      data: { text: 'x'.repeat(500) },
    }),
  );
  for (const options of [{ pageSize: 500 }, { metadataOnly: true }, { resourceVersion: '0' }]) {
    const { items, resourceVersion } = await kube.list(configMaps, {
      namespace,
      labelSelector,
      ...options,
    });
    expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(count);
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(items[0]?.data === undefined).toBe(options.metadataOnly === true);
    expect(resourceVersion).toMatch(/^\d+$/);
  }
}
