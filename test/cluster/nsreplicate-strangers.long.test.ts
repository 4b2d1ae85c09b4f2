/** What others made from copies of ours, provenance and all, is theirs: it is left, counted, and said. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps } from '../../src/kube/api/resources.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('strangers');
  await pair.put(pair.from, configMap('settings', { color: 'red' }), configMap('gone', { a: '1' }));
  await pair.copy();
});
afterAll(() => pair.close());

/** As `get -o yaml`, an editor and `create` do it. */
const copied = async (name: string, change: object = {}): Promise<KubeObject> => {
  const { data, metadata } = await pair.copyOf('configmaps', name);
  const { labels, annotations } = metadata;
  const here = { name, namespace: pair.namespace, labels, annotations };
  return { apiVersion: 'v1', kind: 'ConfigMap', data, metadata: { ...here, ...change } } as KubeObject;
};

const mine = { name: 'mine' };

test('a copy of a copy under another name is not deleted, by --once and by a watch', async () => {
  await pair.to.create(configMaps, await copied('settings', mine), { fieldManager: 'kubectl-create' });
  const plan = await pair.look('plan');
  expect(plan).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 left: it bears the mark of another'),
  });
  const { stderr } = await pair.copy('--prune');
  expect(stderr).toContain('1 left: it bears the mark of another object');
  const { status } = { status: await pair.ask('status') };
  expect(status.stdout).toContain('left: 1 (it bears the mark of another object');
  await pair.watch();
  await pair.delete(pair.from, 'configmaps', 'gone');
  await eventually(async () => expect(await pair.find(pair.to, 'configmaps', 'gone')).toBeUndefined());
  expect(await pair.copyOf('configmaps', 'mine')).toMatchObject({ data: { color: 'red' } });
});

test('an object that somebody made anew from a copy stays when its original goes', async () => {
  const anew = await copied('settings');
  await pair.put(pair.from, configMap('anew', { color: 'red' }));
  await eventually(async () => expect(await pair.find(pair.to, 'configmaps', 'anew')).toBeDefined());
  const { metadata } = await pair.copyOf('configmaps', 'anew');
  const original = { ...anew.metadata, name: 'anew', annotations: metadata.annotations };
  await pair.ask('pause');
  await eventually(async () => expect((await pair.ask('status')).stdout).toContain('Paused'));
  await pair.delete(pair.to, 'configmaps', 'anew');
  await pair.to.create(configMaps, { ...anew, metadata: original } as KubeObject, {
    fieldManager: 'kubectl-create',
  });
  await pair.delete(pair.from, 'configmaps', 'anew');
  await pair.ask('resume');
  await eventually(async () =>
    expect((await pair.ask('status')).stdout).toContain('this tool did not write it'),
  );
  expect(await pair.copyOf('configmaps', 'anew')).toMatchObject({ data: { color: 'red' } });
});

test('slices that a controller makes of copied Endpoints, marks and all, are its own', async () => {
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'outside' },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'http', port: 80 }] }],
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'outside' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  };
  await pair.put(pair.from, service, endpoints);
  const kinds = ['--kinds', 'services,endpoints,endpointslices', '--name', pair.otherTask('slices')];
  await pair.copy(...kinds);
  const slices = async () => {
    const resource = await resolveResource(pair.to, 'endpointslices');
    const { items } = await pair.to.list(resource, { namespace: pair.namespace });
    return items.filter(({ metadata }) => metadata.annotations?.['x8s.dev/origin']).length;
  };
  await eventually(async () => expect(await slices()).toBe(1));
  const { stderr } = await pair.copy(...kinds, '--prune');
  expect(stderr).toContain('1 left: it bears the mark of another object');
  expect(await slices()).toBe(1);
});
