import { describe, expect, test } from '@jest/globals';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { FakeCluster } from './fake-cluster.ts';
import { fakeKube } from './fake-kube.ts';
import { kubeContract } from './kube-contract.ts';

describe('the fake does what a real API server does', () => {
  const kube = fakeKube();
  kubeContract(() => ({ kube, namespace: 'test' }));
});

describe('its levers', () => {
  test('a watch goes on after its connection is cut, and lists again where events were forgotten', async () => {
    const cluster = new FakeCluster();
    const kube = fakeKube(cluster);
    const add = (name: string) => cluster.create('/configmaps', { metadata: { namespace: 'test', name } });
    const told: string[] = [];
    const enough = new Error('enough');
    const script = [
      () => add('a'),
      () => cluster.cutWatches(),
      () => {
        cluster.cutWatches();
        add('b');
        cluster.compact();
      },
    ];
    const handler = {
      replaced: (items: { metadata: { name: string } }[]) => {
        told.push(`LIST ${items.map(({ metadata }) => metadata.name)}`);
        if (items.length === 2) throw enough;
      },
      event: (type: string, { metadata }: { metadata: { name: string } }) => {
        told.push(`${type} ${metadata.name}`);
        script.shift()?.();
      },
      connected: () => void script.shift()?.(),
    };
    const watching = listWatch(kube, configMaps, {}, handler, AbortSignal.timeout(4000));
    await expect(watching).rejects.toBe(enough);
    expect(told).toEqual(['LIST ', 'ADDED a', 'LIST a,b']);
  });

  test('a call can be made to fail before and after it did its work', async () => {
    const kube = fakeKube();
    kube.after = () => {
      throw new Error('the answer was lost');
    };
    const object = { metadata: { namespace: 'test', name: 'a' } };
    await expect(kube.create(configMaps, object)).rejects.toThrow('the answer was lost');
    expect(kube.objects.all('/configmaps')).toHaveLength(1);
    kube.before = () => {
      throw new Error('the request was lost');
    };
    await expect(kube.delete(configMaps, object.metadata)).rejects.toThrow('the request was lost');
    expect(kube.objects.all('/configmaps')).toHaveLength(1);
  });
});
