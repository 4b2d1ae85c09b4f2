import { afterEach, describe, expect, test } from '@jest/globals';
import {
  configMaps,
  namespaces,
  pods,
  secrets,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
import {
  missingPermissions,
  type Permission,
  rbacManifest,
  requirePermissions,
} from '../../../../../src/kube/cluster/access.ts';
import { type FakeApiServer, fakeApiServer, sendJson } from '../../../support/fake-api-server.ts';

let server: FakeApiServer | undefined;

afterEach(() => server?.close());

interface Attributes {
  verb: string;
  resource: string;
}

const needs: Permission[] = [
  { verb: 'create', resource: pods, namespace: 'n' },
  { verb: 'create', resource: pods, subresource: 'exec', namespace: 'n' },
  { verb: 'create', resource: pods, namespace: 'n' },
  { verb: 'get', resource: statefulSets, name: 's' },
];

interface Rule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
}

/** A server on which everything but creating is allowed, which tells these rules, or that nobody may ask for any. */
async function serve(rules?: Rule[]) {
  server = await fakeApiServer(({ body, path }, response) => {
    if (path.includes('selfsubjectrulesreviews')) {
      if (rules) sendJson(response, { status: { resourceRules: rules, incomplete: true } }, 201);
      else sendJson(response, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' }, 403);
      return;
    }
    const { spec } = body as { spec: { resourceAttributes: Attributes } };
    sendJson(response, { status: { allowed: spec.resourceAttributes.verb !== 'create' } }, 201);
  });
  return server;
}

describe('missingPermissions', () => {
  test('asks once for each, and returns those that were denied', async () => {
    const { kube, requests } = await serve();
    expect(await missingPermissions(kube, needs)).toEqual([needs[2], needs[1]]);
    const asked = requests
      .map(({ body }) => (body as { spec: { resourceAttributes?: Attributes } }).spec)
      .filter((spec) => spec.resourceAttributes);
    expect(asked).toHaveLength(3);
    expect(asked).toContainEqual({
      resourceAttributes: {
        verb: 'create',
        group: '',
        resource: 'pods',
        subresource: 'exec',
        namespace: 'n',
      },
    });
    expect(asked).toContainEqual({
      resourceAttributes: { verb: 'get', group: 'apps', resource: 'statefulsets', name: 's' },
    });
  });

  test.each<[string, Rule, Permission[]]>([
    ['everything', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, []],
    ['one verb', { verbs: ['create'], apiGroups: [''], resources: ['pods'] }, needs.slice(1, 2)],
    [
      'a subresource of every kind',
      { verbs: ['create'], apiGroups: [''], resources: ['*/exec'] },
      needs.slice(0, 1),
    ],
    ['another group', { verbs: ['*'], apiGroups: ['apps'], resources: ['*'] }, needs.slice(0, 2)],
    [
      'an object of another name',
      { verbs: ['*'], apiGroups: [''], resources: ['*'], resourceNames: ['x'] },
      needs.slice(0, 2),
    ],
  ])('what rules grant is not asked again: %s', async (_, rule, missing) => {
    const { kube, requests } = await serve([rule]);
    expect(await missingPermissions(kube, needs.slice(0, 2))).toEqual(missing);
    expect(requests).toHaveLength(1 + missing.length);
  });

  test('requirePermissions names each', async () => {
    const { kube } = await serve();
    await expect(requirePermissions(kube, needs)).rejects.toMatchObject({
      exitCode: 4,
      message: 'fake: tester lacks 2 permissions',
      details: ['may not create pods in namespace "n"', 'may not create pods/exec in namespace "n"'],
    });
    await requirePermissions(kube, [{ verb: 'list', resource: pods }]);
  });
});

describe('rbacManifest', () => {
  test('grants just what is needed: a Role a namespace, a ClusterRole for the rest', () => {
    const manifest = rbacManifest(
      [
        { verb: 'get', resource: configMaps, namespace: 'n' },
        { verb: 'list', resource: secrets, namespace: 'n' },
        { verb: 'get', resource: secrets, namespace: 'n' },
        { verb: 'list', resource: configMaps, namespace: 'n' },
        { verb: 'create', resource: pods, subresource: 'exec', namespace: 'n' },
        { verb: 'get', resource: namespaces, name: 'kube-system' },
        { verb: 'create', resource: configMaps, namespace: 'm', name: 'lock' },
        { verb: 'update', resource: configMaps, namespace: 'm', name: 'lock' },
        { verb: 'watch', resource: statefulSets },
      ],
      'copier',
    );
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    expect(manifest).toEqual([
      {
        ...rbac,
        kind: 'ClusterRole',
        metadata: { name: 'copier' },
        rules: [
          { apiGroups: [''], resources: ['namespaces'], verbs: ['get'], resourceNames: ['kube-system'] },
          { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['watch'] },
        ],
      },
      {
        ...rbac,
        kind: 'Role',
        metadata: { name: 'copier', namespace: 'm' },
        rules: [
          { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
          { apiGroups: [''], resources: ['configmaps'], verbs: ['update'], resourceNames: ['lock'] },
        ],
      },
      {
        ...rbac,
        kind: 'Role',
        metadata: { name: 'copier', namespace: 'n' },
        rules: [
          { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list'] },
          { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
        ],
      },
    ]);
  });
});
