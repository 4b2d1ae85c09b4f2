/** What is taken out of an object before it is written elsewhere, row by row, on real API servers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap, job, secret, workload } from './support/objects.ts';

type Free = KubeObject & { spec: Record<string, unknown>; [field: string]: unknown };

const kinds =
  'deployments.apps,statefulsets.apps,configmaps,secrets,persistentvolumeclaims,services,serviceaccounts,jobs.batch,cronjobs.batch,horizontalpodautoscalers.autoscaling,rolebindings.rbac.authorization.k8s.io,endpoints,endpointslices.discovery.k8s.io,ingresses.networking.k8s.io';
const owner = { apiVersion: 'v1', kind: 'ConfigMap', controller: false };

/** Of those that a cluster gives to nobody who does not ask for one by its number. */
const askedPort = 30_000 + Math.floor(Math.random() * 40);

let pair: Pair;
const there = (what: string, name: string) => pair.copyOf<Free>(what, name);

const service = (name: string, spec = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'test' }, ports: [{ name: 'http', port: 80 }], ...spec },
});

beforeAll(async () => {
  pair = await Pair.open('sanitise');
  await pair.put(pair.from, configMap('owner', { a: '1' }));
  const { uid = '' } = (await pair.find(pair.from, 'configmaps', 'owner'))?.metadata ?? {};
  await pair.put(
    pair.from,
    configMap('text', { url: `http://db.${pair.namespace}.svc:5432` }),
    configMap('owned', { a: '1' }, { ownerReferences: [{ ...owner, name: 'owner', uid }] }),
    configMap('made', { a: '1' }, { ownerReferences: [{ ...owner, name: 'owner', uid, controller: true }] }),
    configMap('finalized', { a: '1' }, { finalizers: ['example.com/never'] }),
    configMap('ours', { a: '1' }, { labels: { 'x8s.dev/task': 'something' } }),
    workload('Deployment', 'web', { replicas: 3 }),
    workload('Deployment', 'scaled', { replicas: 2 }),
    workload('StatefulSet', 'db', { volumeClaimTemplates: [claim('data')] }),
    claim('disk'),
    service('plain'),
    service('headless', { clusterIP: 'None' }),
    service('node-port', {
      type: 'NodePort',
      ports: [
        { name: 'given', port: 80 },
        { name: 'asked', port: 81, nodePort: askedPort },
      ],
    }),
    job('once'),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly' },
      spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: job('x').spec } },
    } as KubeObject,
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'scaler' },
      spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' } },
    } as KubeObject,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } },
    {
      ...secret('robot-token', {}),
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'robot-token', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
    },
    { ...secret('sh.helm.release.v1.shop.v1', { release: 'x' }), type: 'helm.sh/release.v1' },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'robots' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: pair.namespace }],
    } as KubeObject,
  );
  const byKubectl = JSON.stringify(configMap('by-kubectl', { a: '1' }));
  await kubectl(pair.primary, ['-n', pair.namespace, 'apply', '-f', '-'], byKubectl);
  // What controllers add, before it is copied.
  await eventually(async () => {
    for (const [kind, name] of [
      ['configmaps', 'kube-root-ca.crt'],
      ['serviceaccounts', 'default'],
      ['endpoints', 'plain'],
    ] as const)
      expect([name, await pair.find(pair.from, kind, name)]).not.toContain(undefined);
    const web = await pair.find(pair.from, 'deployments.apps', 'web');
    expect(web?.metadata.annotations).toHaveProperty(['deployment.kubernetes.io/revision']);
    expect((await pair.find<Free>(pair.from, 'jobs.batch', 'once'))?.spec).toHaveProperty('selector');
  });
  await pair.copy('--kinds', kinds);
});
afterAll(async () => {
  await pair.from.patch(
    configMaps,
    { namespace: pair.namespace, name: 'finalized' },
    { metadata: { finalizers: null } },
    { type: 'merge' },
  );
  await pair.close();
});

describe('what the API server and others filled in does not go along', () => {
  test("the server's own fields, and kubectl's memory", async () => {
    const [from, to] = await Promise.all([
      pair.find(pair.from, 'configmaps', 'by-kubectl'),
      there('configmaps', 'by-kubectl'),
    ]);
    expect(to.metadata.uid).not.toBe(from?.metadata.uid);
    const memory = 'kubectl.kubernetes.io/last-applied-configuration';
    expect(from?.metadata.annotations).toHaveProperty([memory]);
    expect(to.metadata.annotations).not.toHaveProperty([memory]);
    expect(
      new Set(to.metadata.managedFields?.map((entry) => (entry as { manager: string }).manager)),
    ).toEqual(new Set(['kubectl-nsreplicate']));
  });

  test('owners and finalizers', async () => {
    expect((await there('configmaps', 'owned')).metadata.ownerReferences).toBeUndefined();
    expect((await there('configmaps', 'finalized')).metadata.finalizers).toBeUndefined();
  });

  test("a Deployment's revision", async () => {
    const deployment = await there('deployments.apps', 'web');
    expect(deployment.spec).toMatchObject({ replicas: 3 });
    // The replica's own controller counts anew.
    await eventually(async () =>
      expect((await there('deployments.apps', 'web')).metadata.annotations).toMatchObject({
        'deployment.kubernetes.io/revision': '1',
      }),
    );
  });

  test('replicas that an autoscaler sets', async () => {
    expect((await there('deployments.apps', 'scaled')).spec.replicas).toBe(1);
    expect(await there('horizontalpodautoscalers.autoscaling', 'scaler')).toMatchObject({
      spec: { maxReplicas: 9 },
    });
  });

  test('the volume of a claim', async () => {
    const { spec, metadata } = await there('persistentvolumeclaims', 'disk');
    expect(spec.resources).toEqual({ requests: { storage: '1Mi' } });
    expect(
      Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('pv.kubernetes.io/bound-by'))
        .length,
    ).toBeLessThan(2);
    expect(await there('statefulsets.apps', 'db')).toMatchObject({
      spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
    });
  });

  test("a Service's addresses and node ports, but not that it has none", async () => {
    const [plain, original] = await Promise.all([
      there('services', 'plain'),
      pair.find<Free>(pair.from, 'services', 'plain'),
    ]);
    expect(plain.spec.clusterIP).toMatch(/^[0-9a-f.:]+$/);
    expect(plain.spec.clusterIP).not.toBe(original?.spec.clusterIP);
    expect((await there('services', 'headless')).spec.clusterIP).toBe('None');
    const [given, asked] = (await there('services', 'node-port')).spec.ports as { nodePort: number }[];
    expect(given?.nodePort).toBeGreaterThan(0);
    expect(asked?.nodePort).toBe(askedPort);
  });

  test("a Job's selector and labels", async () => {
    const [from, to] = await Promise.all([
      pair.find<Free>(pair.from, 'jobs.batch', 'once'),
      there('jobs.batch', 'once'),
    ]);
    expect(to.spec.selector).not.toEqual(from?.spec.selector);
    expect(await there('cronjobs.batch', 'nightly')).toMatchObject({ spec: { schedule: '0 3 * * *' } });
  });

  test("a second run writes nothing, whatever the replica's servers made of it", async () => {
    const { stdout } = await pair.copy('--kinds', kinds, '-o', 'json');
    const { counts } =
      (JSON.parse(stdout) as { replicas: { counts: Record<string, number> }[] }).replicas[0] ?? {};
    expect(Object.keys(counts ?? {})).toEqual(['unchanged']);
  });
});

describe('what is never copied, and said', () => {
  test.each([
    ['secrets', 'robot-token'],
    ['secrets', 'sh.helm.release.v1.shop.v1'],
    ['configmaps', 'made'],
    ['configmaps', 'ours'],
  ])('%s %s', async (what, name) => {
    expect(await pair.find(pair.to, what, name)).toBeUndefined();
  });

  test('the reasons', async () => {
    const { stdout } = await pair.ask('status');
    for (const reason of [
      'a token of its own cluster',
      "Helm's record of a release",
      'made by a controller from another object',
      'a certificate of its own cluster',
      'endpoints that a controller keeps',
      'belongs to a task of this suite',
    ])
      expect(stdout).toContain(`(${reason})`);
    // The replica's cluster makes them, when it comes to that.
    const own = (what: string, name: string) => eventually(() => there(what, name));
    expect((await own('configmaps', 'kube-root-ca.crt')).metadata.labels).toBeUndefined();
    expect((await own('serviceaccounts', 'default')).metadata.labels).toBeUndefined();
  });
});

describe('--map', () => {
  test('puts a namespace under another name; known references follow, and texts are said to stay', async () => {
    const other = pair.alsoNamespace('mapped');
    const { stderr } = await pair.copy(
      '--kinds',
      'configmaps,rolebindings.rbac.authorization.k8s.io',
      '--name',
      pair.otherTask('m'),
      '--map',
      `${pair.namespace}=${other}`,
    );
    expect(await pair.find(pair.to, 'configmaps', 'by-kubectl', other)).toMatchObject({ data: { a: '1' } });
    expect(await pair.find(pair.to, 'rolebindings.rbac.authorization.k8s.io', 'robots', other)).toMatchObject(
      {
        subjects: [{ name: 'robot', namespace: other }],
      },
    );
    expect(await pair.to.find(namespaces, { name: other })).toBeDefined();
    expect(stderr).toContain(`/text: names .${pair.namespace}.svc in a text, which stays as it is`);
  });
});
