/**
 * What this project relies on an API server to do. The tests on clusters hold real ones to it, the unit tests
 * the fake one, so that what holds with the fake holds.
 */
import { expect, test } from '@jest/globals';
import { isAlreadyExists, isConflict, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap, ObjectMeta } from '../../../src/kube/api/objects.ts';
import { configMaps, secrets } from '../../../src/kube/api/resources.ts';
import { waitGone } from '../../../src/kube/watch/wait.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { slowness } from '../../support/slowness.ts';

/** Garbage is collected within seconds, but not by a busy cluster. */
const limit = { timeoutMs: 120_000 * slowness() };
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );

/** Declares the tests; `place` gives a client and an empty namespace of it. */
export function kubeContract(place: () => { kube: KubeClient; namespace: string }): void {
  const make = (
    name: string,
    more: Partial<ObjectMeta> = {},
    data = { key: 'value' },
  ): Promise<ConfigMap> => {
    const { kube, namespace } = place();
    return kube.create(configMaps, { metadata: { ...more, name, namespace }, data });
  };

  test('a name can be taken once', async () => {
    const { kube, namespace } = place();
    const made = await make('once');
    expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.any(String) });
    expect(isAlreadyExists(await failureOf(make('once')))).toBe(true);
    expect(await kube.get(configMaps, { namespace, name: 'once' })).toMatchObject({ data: { key: 'value' } });
  });

  test('what is not there is not found', async () => {
    const { kube, namespace } = place();
    const ref = { namespace, name: 'nothing' };
    expect(isNotFound(await failureOf(kube.get(configMaps, ref)))).toBe(true);
    expect(await kube.find(configMaps, ref)).toBeUndefined();
    expect(await kube.delete(configMaps, ref)).toBe(false);
    const object = {
      metadata: { ...ref, resourceVersion: '1', uid: 'b4f7ae2a-8f86-4a57-9f0c-53c3f3b5c0de' },
    };
    expect(isNotFound(await failureOf(kube.replace(configMaps, object)))).toBe(true);
  });

  test('an outdated write is a conflict, and so is one of another object of that name', async () => {
    const { kube } = place();
    const first = await make('versions');
    const second = await kube.replace(configMaps, { ...first, data: { key: 'second' } });
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    expect(isConflict(await failureOf(kube.replace(configMaps, { ...first, data: { key: 'third' } })))).toBe(
      true,
    );
    const other = { ...second.metadata, uid: 'b4f7ae2a-8f86-4a57-9f0c-53c3f3b5c0de' };
    expect(isConflict(await failureOf(kube.replace(configMaps, { ...second, metadata: other })))).toBe(true);
  });

  test('a write that changes nothing makes no new version', async () => {
    const { kube } = place();
    const first = await make('same');
    const second = await kube.replace(configMaps, structuredClone(first));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('a delete holds to its preconditions', async () => {
    const { kube, namespace } = place();
    const first = await make('guarded');
    const ref = { namespace, name: 'guarded' };
    const uid = 'b4f7ae2a-8f86-4a57-9f0c-53c3f3b5c0de';
    expect(isConflict(await failureOf(kube.delete(configMaps, ref, { uid })))).toBe(true);
    const second = await kube.replace(configMaps, { ...first, data: { key: 'second' } });
    const { resourceVersion } = first.metadata;
    expect(isConflict(await failureOf(kube.delete(configMaps, ref, { resourceVersion })))).toBe(true);
    const now = { uid: second.metadata.uid, resourceVersion: second.metadata.resourceVersion };
    expect(await kube.delete(configMaps, ref, now)).toBe(true);
    expect(await kube.find(configMaps, ref)).toBeUndefined();
  });

  test('a finalizer keeps an object until it is taken off', async () => {
    const { kube, namespace } = place();
    await make('held', { finalizers: ['x8s.dev/test'] });
    const ref = { namespace, name: 'held' };
    expect(await kube.delete(configMaps, ref)).toBe(true);
    const held = await kube.get(configMaps, ref);
    expect(held.metadata.deletionTimestamp).toEqual(expect.any(String));
    await kube.replace(configMaps, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    expect(await kube.find(configMaps, ref)).toBeUndefined();
  });

  test('labels select', async () => {
    const { kube, namespace } = place();
    await Promise.all([
      make('label-a', { labels: { set: 'one', kind: 'a' } }),
      make('label-b', { labels: { set: 'one', kind: 'b' } }),
      make('label-c', { labels: { set: 'one' } }),
    ]);
    const names = async (labelSelector: string) => {
      const { items } = await kube.list(configMaps, { namespace, labelSelector });
      return items.map(({ metadata }) => metadata.name);
    };
    expect(await names('set=one')).toEqual(['label-a', 'label-b', 'label-c']);
    expect(await names('set=one,kind')).toEqual(['label-a', 'label-b']);
    expect(await names('set=one,!kind')).toEqual(['label-c']);
    expect(await names('set=one,kind!=a')).toEqual(['label-b', 'label-c']);
    expect(await names('kind in (a,b),set=one')).toEqual(['label-a', 'label-b']);
    expect(await names('set=one,kind notin (a)')).toEqual(['label-b', 'label-c']);
  });

  test('a list of metadata has no data', async () => {
    const { kube, namespace } = place();
    await make('bare');
    const options = { namespace, fieldSelector: 'metadata.name=bare', metadataOnly: true };
    const { items } = await kube.list(configMaps, options);
    expect(items).toHaveLength(1);
    expect(items[0]?.data).toBeUndefined();
    expect(items[0]?.metadata.name).toBe('bare');
  });

  test('a watch tells what happens, and an object that leaves its selector is deleted to it', async () => {
    const { kube, namespace } = place();
    await make('seen', { labels: { seen: 'yes' } });
    const told: string[] = [];
    const enough = new Error('enough');
    const handler = {
      replaced: (items: ConfigMap[]) =>
        void told.push(...items.map(({ metadata }) => `LIST ${metadata.name}`)),
      event: (type: string, { metadata }: ConfigMap) => {
        told.push(`${type} ${metadata.name}`);
        if (told.length === 5) throw enough;
      },
      connected: () => void change().catch((error) => told.push(String(error))),
    };
    const change = async () => {
      const made = await make('later', { labels: { seen: 'yes' } });
      await make('unseen', {});
      const changed = await kube.replace(configMaps, { ...made, data: { key: 'new' } });
      await kube.replace(configMaps, { ...changed, metadata: { ...changed.metadata, labels: {} } });
      await kube.delete(configMaps, { namespace, name: 'seen' });
    };
    const options = { namespace, labelSelector: 'seen=yes' };
    const over = AbortSignal.timeout(limit.timeoutMs);
    expect(await failureOf(listWatch(kube, configMaps, options, handler, over))).toBe(enough);
    expect(told).toEqual(['LIST seen', 'ADDED later', 'MODIFIED later', 'DELETED later', 'DELETED seen']);
  });

  test('an owner takes what it owns along', async () => {
    const { kube, namespace } = place();
    const owner = await make('owner');
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' },
    ];
    await kube.create(secrets, { metadata: { namespace, name: 'owned', ownerReferences } });
    await kube.delete(configMaps, { namespace, name: 'owner' });
    await waitGone(kube, secrets, { namespace, name: 'owned' }, limit);
  });

  test('an owner that is orphaned leaves it behind', async () => {
    const { kube, namespace } = place();
    const owner = await make('leaver');
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'leaver', uid: owner.metadata.uid ?? '' },
    ];
    await kube.create(secrets, { metadata: { namespace, name: 'orphan', ownerReferences } });
    await kube.delete(configMaps, { namespace, name: 'leaver' }, { propagationPolicy: 'Orphan' });
    await waitGone(kube, configMaps, { namespace, name: 'leaver' }, limit);
    const orphan = await kube.get(secrets, { namespace, name: 'orphan' });
    expect(orphan.metadata.ownerReferences ?? []).toEqual([]);
  });
}
