import { afterEach, describe, expect, test } from '@jest/globals';
import { nameOf } from '../../../../../src/kube/api/resources.ts';
import { discover, resolveResource } from '../../../../../src/kube/cluster/discovery.ts';
import { eventually } from '../../../../support/eventually.ts';
import {
  type Answer,
  type FakeApiServer,
  fakeApiServer,
  sendJson,
  sendStatus,
} from '../../../support/fake-api-server.ts';

let server: FakeApiServer;

afterEach(() => server.close());

const resource = (plural: string, kind: string, shortNames: string[] = [], scope = 'Namespaced') => ({
  resource: plural,
  responseKind: { kind },
  scope,
  singularResource: kind.toLowerCase(),
  shortNames,
  verbs: ['get', 'list'],
  subresources: plural === 'deployments' ? [{ subresource: 'scale' }] : [],
});

const core = [
  {
    metadata: {},
    versions: [
      { version: 'v1', resources: [resource('pods', 'Pod', ['po']), resource('events', 'Event', ['ev'])] },
    ],
  },
];
const groups = [
  {
    metadata: { name: 'apps' },
    versions: [
      { version: 'v1', resources: [resource('deployments', 'Deployment', ['deploy'])] },
      {
        version: 'v1beta1',
        resources: [
          resource('deployments', 'Deployment', ['deploy']),
          resource('olds', 'Old', [], 'Cluster'),
        ],
      },
    ],
  },
  {
    metadata: { name: 'events.k8s.io' },
    versions: [{ version: 'v1', resources: [resource('events', 'Event', ['ev'])] }],
  },
  { metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
];

const aggregated: Answer = ({ path }, response) =>
  sendJson(response, { kind: 'APIGroupDiscoveryList', items: path === '/api' ? core : groups });

/** An API server from before Kubernetes 1.26. */
const legacy: Answer = ({ path }, response) => {
  const answers: Record<string, unknown> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': {
      kind: 'APIGroupList',
      groups: [
        {
          name: 'apps',
          versions: [{ version: 'v1beta1' }, { version: 'v1' }],
          preferredVersion: { version: 'v1' },
        },
        { name: 'metrics.k8s.io', versions: [{ version: 'v1' }] },
      ],
    },
    '/api/v1': { resources: [{ name: 'pods', kind: 'Pod', namespaced: true, shortNames: ['po'] }] },
    '/apis/apps/v1': {
      resources: [
        {
          name: 'deployments',
          kind: 'Deployment',
          namespaced: true,
          singularName: 'deployment',
          verbs: ['get'],
        },
        { name: 'deployments/scale', kind: 'Scale', namespaced: true },
      ],
    },
    '/apis/apps/v1beta1': {
      resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, singularName: 'deployment' }],
    },
  };
  const body = answers[path];
  if (body) sendJson(response, body);
  else sendStatus(response, 503, 'ServiceUnavailable', 'its API server is down');
};

describe('resolveResource', () => {
  test.each([
    ['pods', 'pods v1'],
    ['Pod', 'pods v1'],
    ['po', 'pods v1'],
    ['deployment', 'deployments.apps v1'],
    ['deploy', 'deployments.apps v1'],
    ['deployments.apps', 'deployments.apps v1'],
    ['Deployment.v1beta1.apps', 'deployments.apps v1beta1'],
    ['olds', 'olds.apps v1beta1'],
    ['events', 'events v1'],
    ['ev.events.k8s.io', 'events.events.k8s.io v1'],
    ['pods.v1.', 'pods v1'],
  ])('takes %s for %s', async (text, name) => {
    server = await fakeApiServer(aggregated);
    const found = await resolveResource(server.kube, text);
    expect(`${nameOf(found)} ${found.version}`).toBe(name);
  });

  test('asks again for what it does not know, and then names what is closest', async () => {
    server = await fakeApiServer(aggregated);
    await expect(resolveResource(server.kube, 'evnts')).rejects.toMatchObject({
      exitCode: 2,
      message: 'fake: no resource "evnts"',
      hint: 'did you mean events? is its CRD installed in that cluster?',
      details: ['not answering just now: metrics.k8s.io/v1'],
    });
    expect(server.requests).toHaveLength(4);
  });
});

describe('discover', () => {
  test('asks once a client, for all', async () => {
    server = await fakeApiServer(aggregated);
    const [one, two] = await Promise.all([discover(server.kube), discover(server.kube)]);
    expect(one).toBe(two);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.headers.accept).toContain('as=APIGroupDiscoveryList');
    await discover(server.kube, { refresh: true });
    expect(server.requests).toHaveLength(4);
  });

  test('tells verbs, subresources, scope and which groups did not answer', async () => {
    server = await fakeApiServer(aggregated);
    const { resources, unavailable } = await discover(server.kube);
    expect(resources.find(({ kind }) => kind === 'Deployment')).toEqual({
      group: 'apps',
      version: 'v1',
      plural: 'deployments',
      kind: 'Deployment',
      namespaced: true,
      singular: 'deployment',
      shortNames: ['deploy'],
      verbs: ['get', 'list'],
      subresources: ['scale'],
      preferred: true,
    });
    expect(resources.find(({ kind }) => kind === 'Old')).toMatchObject({
      namespaced: false,
      preferred: true,
    });
    expect(resources.map(({ preferred }) => preferred)).toEqual([true, true, true, false, true, true]);
    expect(unavailable).toEqual(['metrics.k8s.io/v1']);
  });

  test('of an old server goes group by group, the preferred version first, past those that are down', async () => {
    server = await fakeApiServer(legacy);
    const { resources, unavailable } = await discover(server.kube);
    expect(resources.map((each) => `${nameOf(each)} ${each.version} ${each.preferred}`)).toEqual([
      'pods v1 true',
      'deployments.apps v1 true',
      'deployments.apps v1beta1 false',
    ]);
    expect(resources[1]?.subresources).toEqual(['scale']);
    expect(unavailable).toEqual(['metrics.k8s.io/v1']);
  });

  test('passes over what bears a name that no kind can have', async () => {
    const long = 'a'.repeat(64);
    const odd = { ...resource('things', 'Thing'), responseKind: { kind: ['Thing'] } };
    const of = (name: string, version: string, resources: object[]) => ({
      metadata: { name },
      versions: [{ version, resources }],
    });
    const items = [
      of('x.io', 'v1', [resource('goods', 'Good'), resource(long, 'Long'), resource('longs', long), odd]),
      of('x.io', long, [resource('goods', 'Good')]),
      of('x'.repeat(254), 'v1', [resource('goods', 'Good')]),
    ];
    server = await fakeApiServer((request, response) =>
      request.path === '/apis'
        ? sendJson(response, { kind: 'APIGroupDiscoveryList', items })
        : aggregated(request, response),
    );
    const { resources } = await discover(server.kube);
    expect(resources.map(({ plural }) => plural)).toEqual(['pods', 'events', 'goods']);
  });

  test('of a server that says more than any has is refused', async () => {
    const many = Array.from({ length: 20_001 }, (_, index) => ({ resource: `r${index}` }));
    const items = [{ metadata: { name: 'x.io' }, versions: [{ version: 'v1', resources: many }] }];
    server = await fakeApiServer((_request, response) =>
      sendJson(response, { kind: 'APIGroupDiscoveryList', items }),
    );
    await expect(discover(server.kube)).rejects.toThrow('says that it serves 40002 resources, and 20000');
  });

  test("fails for a caller's own signal only", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server = await fakeApiServer(async (request, response) => {
      await held;
      await aggregated(request, response);
    });
    const stop = new AbortController();
    const aborted = discover(server.kube, { signal: stop.signal });
    const other = discover(server.kube);
    await eventually(() => expect(server.requests).not.toEqual([]));
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    release();
    expect((await other).resources).toHaveLength(6);
  });
});
