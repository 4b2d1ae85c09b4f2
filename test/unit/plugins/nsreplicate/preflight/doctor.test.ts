import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { examine } from '../../../../../plugins/nsreplicate/preflight/doctor.ts';
import { look } from '../../../../../plugins/nsreplicate/preview/look.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import {
  configMap,
  configMaps,
  namespace,
  namespaces,
  resource,
  sides,
} from '../../../support/replication.ts';

const { signal } = new AbortController();
const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
let pair: ReturnType<typeof sides>;

beforeEach(() => {
  pair = sides();
  for (const kube of [pair.from, pair.to]) {
    kube.answers.set('/version', () => ({ gitVersion: 'v1.34.4' }));
    kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({}));
  }
  pair.to.objects.create(namespaces, namespace('shop'));
  pair.from.objects.create(configMaps, configMap('a'));
  pair.from.objects.create(configMaps, configMap('b'));
});
afterEach(() => Promise.all([pair.from.close(), pair.to.close()]));

async function doctor({ assignment } = pair) {
  const options = { ...assignment, state: pair.from, signal };
  const found = await examine({ ...options, look: () => look({ ...options, clock: fakeClock() }) });
  return (check: string, ...verdicts: string[]) =>
    found.filter((one) => one.check === check && (verdicts.length === 0 || verdicts.includes(one.verdict)));
}

test('clusters that answer and allow all are said to', async () => {
  const found = await doctor();
  expect(found('API server')).toMatchObject([
    { cluster: 'from', verdict: 'ok' },
    { cluster: 'to', verdict: 'ok', message: 'answers, v1.34.4' },
  ]);
  expect(found('rights (replica)')).toMatchObject([{ verdict: 'ok' }]);
  expect(found('kinds')).toMatchObject([{ verdict: 'ok' }]);
});

test('each right that is missing is named by its verb', async () => {
  pair.to.answers.set(reviews, ({ body }) => {
    const { verb, resource } = (body as { spec: { resourceAttributes: { verb: string; resource: string } } })
      .spec.resourceAttributes;
    return { status: { allowed: !(resource === 'configmaps' && ['patch', 'watch'].includes(verb)) } };
  });
  const found = await doctor();
  expect(found('rights (replica)', 'denied').map(({ message }) => message)).toEqual([
    'tester may not watch configmaps in namespace "shop"',
    'tester may not patch configmaps in namespace "shop"',
  ]);
});

test('of what may not be read there nothing is tried, and nothing is said to be taken', async () => {
  pair.to.before = ({ verb }) => {
    if (verb === 'list') throw apiError(403, 'you may not list anything', 'Forbidden');
  };
  const found = await doctor();
  expect(found('dry run')).toMatchObject([
    { verdict: 'note', message: "can't be told for ConfigMap, which can't be read" },
  ]);
});

test('what may not be read is said, and hides nothing else', async () => {
  pair.to.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === configMaps) throw apiError(403, 'you may not list configmaps');
  };
  const found = await doctor();
  expect(found('look', 'denied')[0]).toMatchObject({
    cluster: 'to',
    message: expect.stringContaining('may not list'),
  });
  expect(found('kinds')).toHaveLength(1);
});

test('all objects that come count together against a quota', async () => {
  const hard = { configmaps: '1' };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace: 'shop' } };
  pair.to.objects.create('/resourcequotas', { ...quota, spec: { hard }, status: { hard, used: {} } });
  const found = await doctor();
  expect(found('quotas')).toMatchObject([
    { verdict: 'failed', message: 'quota shop/few would be exceeded: configmaps: 0 used and 2 more, of 1' },
  ]);
});

test('objects of others that are there already are told of', async () => {
  pair.to.objects.create(configMaps, configMap('a', 'theirs'));
  const found = await doctor();
  expect(found('objects')).toMatchObject([
    { verdict: 'note', message: expect.stringContaining('ConfigMap shop/a') },
  ]);
});

const networking = 'networking.k8s.io';
const ingresses = [resource('ingresses', 'Ingress'), resource('ingressclasses', 'IngressClass', 'Cluster')];

/** An Ingress of a class is to be copied to where Ingresses are served in that version. */
function withIngress(version: string): typeof pair {
  for (const [kube, served] of [[pair.from, 'v1'] as const, [pair.to, version] as const])
    kube.answers.set('/apis', () => ({
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: { name: networking }, versions: [{ version: served, resources: ingresses }] }],
    }));
  pair.from.objects.create(`${networking}/ingresses`, {
    ...{ apiVersion: `${networking}/v1`, kind: 'Ingress', metadata: { name: 'web', namespace: 'shop' } },
    ...{ spec: { ingressClassName: 'nginx' } },
  });
  const spec = { ...pair.assignment.spec, rules: [ruleFor(networking, 'Ingress')] };
  return { ...pair, assignment: { ...pair.assignment, spec } };
}

test('a class that a replica lacks is named, with what needs it', async () => {
  const ofIngress = withIngress('v1');
  const lacking = await doctor(ofIngress);
  expect(lacking('needs')).toMatchObject([
    {
      ...{ cluster: 'to', verdict: 'failed' },
      message: `lacks IngressClass nginx (for Ingress.${networking} shop/web)`,
    },
  ]);
  expect(lacking('kinds')).toMatchObject([{ verdict: 'ok' }]);
  pair.to.objects.create(`${networking}/ingressclasses`, { metadata: { name: 'nginx' } });
  expect((await doctor(ofIngress))('needs')).toMatchObject([{ verdict: 'ok' }]);
});

test('a kind that a replica serves in other versions is named with both, and servers with theirs', async () => {
  pair.to.answers.set('/version', () => ({ gitVersion: 'v1.18.20' }));
  const found = await doctor(withIngress('v1beta1'));
  expect(found('kinds')).toMatchObject([
    {
      ...{ cluster: 'to', verdict: 'failed' },
      message: `does not serve Ingress.${networking} in version v1, but in v1beta1`,
    },
  ]);
  expect(found('API server').map(({ cluster, message }) => `${cluster} ${message}`)).toEqual([
    'from answers, v1.34.4',
    'to answers, v1.18.20',
  ]);
});

test.each([
  ['v1.33.0', undefined],
  ['v1.35.1-gke.7', undefined],
  ['v1.34.9', undefined],
  ['next', undefined],
  ['v1.32.9', 'v1.32.9 is 2 minor versions older than v1.34.4 of from: fields and kinds'],
  ['v1.37.0-eks-1', 'v1.37.0-eks-1 is 3 minor versions newer than v1.34.4 of from: what was removed'],
  ['v2.34.4', 'v2.34.4 is 1 major version newer than v1.34.4 of from'],
])('a replica of version %s beside a primary of v1.34.4: %s', async (version, expected) => {
  pair.to.answers.set('/version', () => ({ gitVersion: version }));
  const found = await doctor();
  const notes = [{ cluster: 'to', verdict: 'note', message: expect.stringContaining(expected ?? '') }];
  expect(found('versions')).toMatchObject(expected === undefined ? [] : notes);
  expect(found('API server')).toMatchObject([{ verdict: 'ok' }, { verdict: 'ok' }]);
});

test('of a server that does not tell its version nothing is said, but that it does not answer', async () => {
  pair.to.answers.set('/version', () => {
    throw apiError(403, 'no versions for you', 'Forbidden');
  });
  const found = await doctor();
  expect(found('versions')).toEqual([]);
  expect(found('API server')[1]).toMatchObject({ cluster: 'to', verdict: 'denied' });
});
