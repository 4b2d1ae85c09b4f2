/** `kubectl nsreplicate controller`: KRMSyncers of a trusted namespace: what a remote carries, and which way. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps, type Resource } from '../../src/kube/api/resources.ts';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { configMap, widgets } from './support/objects.ts';
import { ref, rule, type SyncerScene, trustedScene } from './support/syncers.ts';

const ingresses: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingresses',
  kind: 'Ingress',
  namespaced: true,
};
describe('with rights', () => {
  let scene: SyncerScene;
  const ingress = (name: string, port: number) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name },
    spec: { defaultBackend: { service: { name: 'web', port: { number: port } } } },
  });
  const statusOf = (address: string) => ({ loadBalancer: { ingress: [{ ip: address }] } });
  const ingressRule = { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' };

  beforeAll(async () => {
    scene = await trustedScene('krmr');
  });
  afterAll(() => scene.close());

  test('a remote carries the status to what others made, and a spec to what it makes and takes away', async () => {
    const { from, to } = scene.pair;
    await scene.pair.put(from, ingress('status', 1), ingress('made', 1));
    await scene.pair.put(to, ingress('status', 2));
    const place = { namespace: scene.namespace, name: 'status' };
    await from.patch(
      ingresses,
      place,
      { status: statusOf('192.0.2.1') },
      { type: 'merge', subresource: 'status' },
    );
    await scene.syncer('statuses', {
      mode: 'push',
      remote: ref,
      rules: [{ ...ingressRule, namespaces: [scene.namespace] }],
    });
    await eventually(async () =>
      expect((await scene.there('status', ingresses))?.status).toEqual(statusOf('192.0.2.1')),
    );
    expect((await scene.there('status', ingresses))?.spec).toEqual(ingress('status', 2).spec);
    expect(await scene.there('made', ingresses)).toBeUndefined();
    await scene.syncer('statuses', {
      mode: 'push',
      remote: ref,
      rules: [{ ...ingressRule, namespaces: [scene.namespace], syncFields: ['spec'] }],
    });
    await eventually(async () =>
      expect((await scene.there('made', ingresses))?.spec).toEqual(ingress('made', 1).spec),
    );
    await scene.pair.delete(from, 'ingresses', 'made');
    await eventually(async () => expect(await scene.there('made', ingresses)).toBeUndefined());
    expect(await scene.there('status', ingresses)).toBeDefined();
    await scene.kubectl(['delete', 'krmsyncer', 'statuses']);
  });

  test('one field of a kind of one’s own is carried alone: spec.resourceID, to what others made', async () => {
    const group = `${scene.namespace}.test`;
    const definition = widgets(group);
    const widget = (name: string, spec: object) => ({
      ...{ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name }, spec },
    });
    const { from, to } = scene.pair;
    try {
      for (const kube of [from, to]) await scene.pair.put(kube, definition);
      await eventually(() => scene.pair.put(to, widget('bucket', { location: 'there' })));
      await eventually(() => scene.pair.put(from, widget('bucket', { location: 'here', resourceID: 'b-7' })));
      const fields = { namespaces: [scene.namespace], syncFields: ['spec.resourceID'] };
      const rules = [{ group, version: 'v1', kind: 'Widget', ...fields }];
      await scene.syncer('ids', { mode: 'push', remote: ref, rules });
      const spec = async () => (await scene.pair.copyOf(`widgets.${group}`, 'bucket')).spec;
      await eventually(async () => expect(await spec()).toEqual({ location: 'there', resourceID: 'b-7' }));
      await scene.is('ids', 'InSync');
      await scene.kubectl(['delete', 'krmsyncer', 'ids']);
    } finally {
      const ref = { name: definition.metadata.name };
      for (const kube of [from, to])
        await kube.delete(await resolveResource(kube, 'customresourcedefinitions'), ref);
    }
  });

  test('a remote pulls where nothing is said of the way, into the namespace that a destination names', async () => {
    await scene.pair.put(scene.pair.to, configMap('pulled', { from: 'afar' }));
    const rules = [rule('ConfigMap', { namespaces: [scene.namespace], syncFields: ['data'] })];
    await scene.syncer('pulling', { remote: ref, rules });
    const here = () => scene.pair.from.find(configMaps, { namespace: scene.namespace, name: 'pulled' });
    await eventually(async () => expect((await here())?.data).toEqual({ from: 'afar' }));
    await scene.is('pulling', 'InSync');
    expect(await scene.kubectl(['get', 'krmsyncer', 'pulling'])).toMatch(/pulling +pull +false +True/);
    await scene.kubectl(['delete', 'krmsyncer', 'pulling']);
    const mapped = scene.pair.alsoNamespace('mapped');
    await scene.pair.put(scene.pair.from, configMap('moved', { a: '1' }), ingress('moved', 1));
    const moved = { status: statusOf('192.0.2.2') };
    const place = { namespace: scene.namespace, name: 'moved' };
    await scene.pair.from.patch(ingresses, place, moved, { type: 'merge', subresource: 'status' });
    const namespaced = { namespaces: [scene.namespace] };
    await scene.syncer('mapping', {
      destination: { ...ref, namespace: mapped },
      rules: [rule('ConfigMap', namespaced), { ...ingressRule, ...namespaced }],
    });
    await eventually(async () => {
      const there = { namespace: mapped, name: 'moved' };
      expect(await scene.pair.to.find(configMaps, there)).toBeDefined();
      // Whole, with its status.
      expect(await scene.pair.to.find(ingresses, there)).toMatchObject({
        ...moved,
        spec: ingress('moved', 1).spec,
      });
    });
    await scene.kubectl(['delete', 'krmsyncer', 'mapping']);
  });
});
