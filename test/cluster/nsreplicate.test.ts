/** The engine of nsreplicate on API servers of its own. */
import { describe, expect, test } from '@jest/globals';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import {
  configMaps,
  deployments,
  namespaces,
  persistentVolumeClaims,
  secrets,
  services,
} from '../../src/kube/resources.ts';
import {
  configMap,
  contentOf,
  each,
  equal,
  makeNamespace,
  once,
  secret,
  specOf,
  until,
} from './support/replication.ts';
import { withServers } from './support/servers.ts';

const scene = withServers(['p', 'q', 'r']);
let count = 0;
/** A namespace of the primary that no other test has. */
async function fresh(): Promise<string> {
  const name = `app-${++count}`;
  await makeNamespace(scene().primary, name, {
    'pod-security.kubernetes.io/enforce': 'baseline',
    team: `t${count}`,
  });
  return name;
}
const only = (namespace: string) => ({ include: [namespace], exclude: [], selector: [], sensitive: false });
const counts = (view: { replicas: readonly { counts: object }[] }) =>
  view.replicas.map(({ counts }) => counts);

describe('once', () => {
  test('makes two replicas equal, namespaces and their Pod Security labels included; then has nothing to write', async () => {
    const { primary, replicas } = scene();
    const namespace = await fresh();
    await each(
      Array.from({ length: 40 }, (_, index) => index),
      10,
      (index) =>
        index % 2 === 0
          ? primary.kube.create(configMaps, configMap(namespace, `c-${index}`, { index: String(index) }))
          : primary.kube.create(secrets, secret(namespace, `s-${index}`, `password ${index}`)),
    );
    const spec = specOf({ name: 'equal', namespaces: only(namespace) });
    expect(counts(await once(scene(), spec))).toEqual([{ created: 41 }, { created: 41 }]);
    for (const replica of replicas) {
      expect(await equal(primary, replica, { prefix: namespace })).toBe(40);
      const { metadata } = await replica.kube.get(namespaces, { name: namespace });
      expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    }
    const versions = async () =>
      Promise.all(
        replicas.map(async ({ kube }) =>
          (await kube.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.resourceVersion),
        ),
      );
    const before = await versions();
    expect(counts(await once(scene(), spec))).toEqual([{ unchanged: 41 }, { unchanged: 41 }]);
    expect(await versions()).toEqual(before);
  }, 60_000);

  test('leaves what others made, says so, and adopts on request', async () => {
    const { primary, replicas } = scene();
    const [replica] = replicas;
    const namespace = await fresh();
    await primary.kube.create(configMaps, configMap(namespace, 'shared', { key: 'primary' }));
    await makeNamespace(replicas[0] as never, namespace);
    await replica?.kube.create(configMaps, configMap(namespace, 'shared', { key: 'replica', own: 'x' }));
    const spec = specOf({ name: 'adopt', namespaces: only(namespace) });
    const refused = await once({ primary, replicas: replicas.slice(0, 1) }, spec);
    expect(refused.phase).toBe('Incomplete');
    expect(refused.failures).toEqual([{ replica: 'q', kind: 'ConfigMap', reason: 'not-ours', count: 1 }]);
    expect((await replica?.kube.get(configMaps, { namespace, name: 'shared' }))?.data).toEqual({
      key: 'replica',
      own: 'x',
    });
    const adopted = await once({ primary, replicas: replicas.slice(0, 1) }, { ...spec, adopt: true });
    expect(adopted.replicas[0]?.counts).toMatchObject({ adopted: 2 });
    expect((await replica?.kube.get(configMaps, { namespace, name: 'shared' }))?.data).toEqual({
      key: 'primary',
    });
  }, 60_000);

  test('prunes what it made and nothing else, after asking the primary', async () => {
    const { primary, replicas } = scene();
    const sides = { primary, replicas: replicas.slice(0, 1) };
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const namespace = await fresh();
    for (const name of ['stays', 'goes', 'leaves'])
      await primary.kube.create(configMaps, configMap(namespace, name, {}, { labels: { in: 'scope' } }));
    const spec = specOf({
      name: 'prune',
      namespaces: only(namespace),
      rules: [{ ...ruleFor('', 'ConfigMap'), selector: [{ key: 'in', operator: 'in', values: ['scope'] }] }],
    });
    await once(sides, spec);
    await kube.create(configMaps, configMap(namespace, 'own', {}));
    await primary.kube.delete(configMaps, { namespace, name: 'goes' });
    await primary.kube.patch(
      configMaps,
      { namespace, name: 'leaves' },
      { metadata: { labels: { in: 'other' } } },
      { type: 'merge' },
    );
    const view = await once(sides, spec);
    expect(view.replicas[0]?.counts).toMatchObject({ pruned: 1, unchanged: 2, left: 1 });
    expect(Object.keys(await contentOf(kube, configMaps, namespace)).sort()).toEqual([
      `${namespace}/leaves`,
      `${namespace}/own`,
      `${namespace}/stays`,
    ]);
  }, 60_000);

  test('maps namespaces, overrides by selector, and carries a Service without what its cluster chose', async () => {
    const { primary, replicas } = scene();
    const namespace = await fresh();
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'c', image: 'x' }],
        serviceAccountName: 'missing',
        priorityClassName: 'nowhere',
      },
    };
    await primary.kube.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template },
    } as never);
    const ports = [
      { name: 'chosen', port: 80, nodePort: 31234 },
      { name: 'given', port: 81 },
    ];
    await primary.kube.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { type: 'NodePort', ports },
    });
    const spec = specOf({
      name: 'mapped',
      namespaces: only(namespace),
      rules: [ruleFor('apps', 'Deployment'), ruleFor('', 'Service')],
      map: new Map([[namespace, `${namespace}-dr`]]),
      overrides: [
        {
          replicas: ['q'],
          group: '*',
          kinds: ['Deployment'],
          namespaces: [],
          names: [],
          selector: [],
          patch: [{ op: 'replace', path: '/spec/replicas', value: 0 }],
        },
      ],
    });
    const view = await once(scene(), spec);
    expect(view.phase).toBe('Done');
    const scales = await Promise.all(
      replicas.map(({ kube }) => kube.get(deployments, { namespace: `${namespace}-dr`, name: 'web' })),
    );
    expect(scales.map(({ spec: { replicas: scale } }) => scale)).toEqual([0, 3]);
    expect(view.replicas[0]?.lacks).toEqual([
      `PriorityClass nowhere (for Deployment.apps ${namespace}/web)`,
      `ServiceAccount ${namespace}-dr/missing (for Deployment.apps ${namespace}/web)`,
    ]);
    const original = await primary.kube.get(services, { namespace, name: 'web' });
    const copy = await replicas[0]?.kube.get(services, { namespace: `${namespace}-dr`, name: 'web' });
    const portsOf = (service: typeof original | undefined) =>
      Object.fromEntries((service?.spec.ports ?? []).map(({ name, nodePort }) => [name, nodePort]));
    expect(portsOf(copy).chosen).toBe(31234);
    expect(portsOf(copy).given).not.toBeUndefined();
    expect((await once(scene(), spec)).replicas.map(({ counts }) => counts)).toEqual([
      { unchanged: 3 },
      { unchanged: 3 },
    ]);
  }, 60_000);

  test('an immutable field: fails, or is made anew; never a claim that was bound', async () => {
    const { primary, replicas } = scene();
    const sides = { primary, replicas: replicas.slice(0, 1) };
    const kube = replicas[0]?.kube as NonNullable<(typeof replicas)[0]>['kube'];
    const namespace = await fresh();
    const frozen = (value: string) => ({ ...configMap(namespace, 'frozen', { value }), immutable: true });
    const claim = (size: string) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: size } },
        storageClassName: 'none',
      },
    });
    await primary.kube.create(configMaps, frozen('one'));
    await primary.kube.create(persistentVolumeClaims, claim('1Gi'));
    const spec = specOf({
      name: 'immutable',
      namespaces: only(namespace),
      rules: [ruleFor('', 'ConfigMap'), ruleFor('', 'PersistentVolumeClaim')],
    });
    await once(sides, spec);
    const bound = { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } } };
    await kube.patch(persistentVolumeClaims, { namespace, name: 'data' }, bound, { type: 'merge' });
    const { uid } = (await kube.get(persistentVolumeClaims, { namespace, name: 'data' })).metadata;
    await primary.kube.delete(configMaps, { namespace, name: 'frozen' });
    await primary.kube.create(configMaps, frozen('two'));
    await primary.kube.delete(persistentVolumeClaims, { namespace, name: 'data' });
    await until(
      () => primary.kube.find(persistentVolumeClaims, { namespace, name: 'data' }),
      (found) => found === undefined,
      5000,
    ).catch(() =>
      primary.kube.patch(
        persistentVolumeClaims,
        { namespace, name: 'data' },
        { metadata: { finalizers: null } },
        { type: 'merge' },
      ),
    );
    await primary.kube.create(persistentVolumeClaims, claim('2Gi'));
    expect((await once(sides, spec)).failures.map(({ kind, reason }) => [kind, reason]).sort()).toEqual([
      ['ConfigMap', 'immutable'],
      ['PersistentVolumeClaim', 'immutable'],
    ]);
    const view = await once(sides, { ...spec, onImmutable: 'recreate' });
    expect(view.failures).toEqual([
      { replica: 'q', kind: 'PersistentVolumeClaim', reason: 'immutable', count: 1 },
    ]);
    expect((await kube.get(configMaps, { namespace, name: 'frozen' })).data).toEqual({ value: 'two' });
    expect((await kube.get(persistentVolumeClaims, { namespace, name: 'data' })).metadata.uid).toBe(uid);
  }, 60_000);
});
