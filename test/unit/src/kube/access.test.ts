import { afterEach, describe, expect, test } from '@jest/globals';
import {
  missingPermissions,
  type Permission,
  rbacManifest,
  requirePermissions,
} from '../../../../src/kube/access.ts';
import { configMaps, namespaces, pods, secrets, statefulSets } from '../../../../src/kube/resources.ts';
import { type FakeApiServer, fakeApiServer, sendJson } from '../../support/fake-api-server.ts';

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

/** A server on which everything but creating is allowed. */
async function serve() {
  server = await fakeApiServer(({ body }, response) => {
    const { spec } = body as { spec: { resourceAttributes: Attributes } };
    sendJson(response, { status: { allowed: spec.resourceAttributes.verb !== 'create' } }, 201);
  });
  return server;
}

describe('missingPermissions', () => {
  test('asks once for each, and returns those that were denied', async () => {
    const { kube, requests } = await serve();
    expect(await missingPermissions(kube, needs)).toEqual([needs[2], needs[1]]);
    const asked = requests.map(({ body }) => (body as { spec: { resourceAttributes: Attributes } }).spec);
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
