import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../../../../src/kube/api/objects.ts';
import {
  configMaps,
  deployments,
  namespaces,
  pods,
  type Resource,
  secrets,
  storageClasses,
} from '../../../../../src/kube/api/resources.ts';
import {
  type Answer,
  type FakeApiServer,
  fakeApiServer,
  sendJson,
  sendStatus,
} from '../../../support/fake-api-server.ts';

let server: FakeApiServer;

afterEach(() => server.close());

async function start(answer: Answer = (_, response) => sendJson(response, {})) {
  server = await fakeApiServer(answer);
  return server.kube;
}

const ref = { namespace: 'y', name: 'x' };
const map = (extra: Partial<ConfigMap> = {}): ConfigMap => ({ metadata: { ...ref }, ...extra });

/** The one request that was made, as `METHOD path?query`. */
function asked(): string {
  expect(server.requests).toHaveLength(1);
  const [{ method, path, query } = { method: '', path: '', query: {} }] = server.requests;
  const text = new URLSearchParams(query).toString();
  return `${method} ${path}${text === '' ? '' : `?${text}`}`;
}

describe('requests', () => {
  test('get', async () => {
    await (await start()).get(deployments, ref);
    expect(asked()).toBe('GET /apis/apps/v1/namespaces/y/deployments/x');
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer a-token',
      accept: 'application/json',
      'user-agent': 'test',
    });
  });

  test('names keep their case and their colons', async () => {
    const clusterRoles: Resource<KubeObject> = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      plural: 'clusterroles',
      kind: 'ClusterRole',
      namespaced: false,
    };
    await (await start()).get(clusterRoles, { name: 'MyRole:Admin' });
    expect(asked()).toBe('GET /apis/rbac.authorization.k8s.io/v1/clusterroles/MyRole%3AAdmin');
  });

  test('create posts to the collection, with the type filled in', async () => {
    const kube = await start();
    await kube.create(configMaps, map({ data: { a: 'b' } }), { fieldManager: 'm', dryRun: true });
    expect(asked()).toBe('POST /api/v1/namespaces/y/configmaps?dryRun=All&fieldManager=m');
    expect(server.requests[0]?.body).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: ref,
      data: { a: 'b' },
    });
  });

  test('create of a subresource posts below the object, as the kind that the body names', async () => {
    const kube = await start();
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { ...ref } };
    await kube.create(pods as Resource<KubeObject>, eviction, { subresource: 'eviction' });
    expect(asked()).toBe('POST /api/v1/namespaces/y/pods/x/eviction');
    expect(server.requests[0]?.body).toEqual(eviction);
  });

  test('create of a cluster-scoped object has no namespace in its path', async () => {
    await (await start()).create(namespaces, { metadata: { name: 'n' } });
    expect(asked()).toBe('POST /api/v1/namespaces');
  });

  test('replace', async () => {
    await (await start()).replace(configMaps, map(), { subresource: 'status' });
    expect(asked()).toBe('PUT /api/v1/namespaces/y/configmaps/x/status');
  });

  test('apply', async () => {
    await (await start()).apply(configMaps, map(), { fieldManager: 'm', force: true });
    expect(asked()).toBe('PATCH /api/v1/namespaces/y/configmaps/x?fieldManager=m&force=true');
    expect(server.requests[0]?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(server.requests[0]?.body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  test.each([
    ['merge', 'application/merge-patch+json'],
    ['json', 'application/json-patch+json'],
    ['strategic', 'application/strategic-merge-patch+json'],
  ] as const)('patch as %s', async (type, contentType) => {
    await (await start()).patch(configMaps, ref, { data: null }, { type });
    expect(asked()).toBe('PATCH /api/v1/namespaces/y/configmaps/x');
    expect(server.requests[0]?.headers['content-type']).toBe(contentType);
    expect(server.requests[0]?.body).toEqual({ data: null });
  });

  test('delete goes in the background and bears its preconditions', async () => {
    const kube = await start();
    expect(await kube.delete(configMaps, ref, { uid: 'u', resourceVersion: '3' })).toBe(true);
    expect(asked()).toBe('DELETE /api/v1/namespaces/y/configmaps/x');
    expect(server.requests[0]?.body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      preconditions: { uid: 'u', resourceVersion: '3' },
    });
  });

  test('a namespaced object without its namespace is a fault of the caller', async () => {
    const kube = await start();
    await expect(async () => kube.get(configMaps, { name: 'x' })).rejects.toThrow(TypeError);
    await expect(async () => kube.create(configMaps, { metadata: { name: 'x' } })).rejects.toThrow(TypeError);
    expect(server.requests).toEqual([]);
  });
});

describe('objects that are not there', () => {
  const notFound: Answer = (_, response) => sendStatus(response, 404, 'NotFound', 'configmaps "x" not found');

  test('find gives undefined, delete gives false, get rejects', async () => {
    const kube = await start(notFound);
    expect(await kube.find(configMaps, ref)).toBeUndefined();
    expect(await kube.delete(configMaps, ref)).toBe(false);
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({
      code: 404,
      exitCode: 1,
      message: 'fake: configmaps "x" in namespace "y": not found',
    });
  });

  test('an unknown resource is not an absent object', async () => {
    const kube = await start((_, response) => void response.writeHead(404).end('404 page not found\n'));
    const message = 'fake: configmaps "x" in namespace "y": the server does not know this resource';
    await expect(kube.find(configMaps, ref)).rejects.toThrow(message);
    await expect(kube.delete(configMaps, ref)).rejects.toThrow(message);
  });
});

describe('failures', () => {
  test.each([
    [409, 'AlreadyExists', 'configmaps "x" already exists', 'already exists'],
    [
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply',
      'it was changed by someone else meanwhile',
    ],
    [
      422,
      'Invalid',
      'ConfigMap "x" is invalid: data: Forbidden: immutable',
      'invalid: data: Forbidden: immutable',
    ],
    [404, 'NotFound', 'namespaces "y" not found', 'cannot create it: namespaces "y" not found'],
    [403, 'Forbidden', 'configmaps "x" is forbidden: exceeded quota', 'forbidden: exceeded quota'],
    [500, 'InternalError', 'etcdserver: leader changed', 'etcdserver: leader changed'],
  ])('%d %s', async (code, reason, message, said) => {
    const kube = await start((_, response) => sendStatus(response, code, reason, message));
    await expect(kube.create(configMaps, map())).rejects.toMatchObject({
      code,
      reason,
      message: `fake: configmaps "x" in namespace "y": ${said}`,
      exitCode: code === 403 ? 4 : 1,
    });
  });

  test.each([
    ['of a quota', { name: 'q', kind: 'resourcequotas' }],
    [
      'of field managers',
      { name: 'x', kind: 'configmaps', causes: [{ message: 'conflict with "kubectl"' }] },
    ],
  ])("409 %s is told in the server's words", async (_, details) => {
    const status = { kind: 'Status', reason: 'Conflict', message: 'the server says why', details };
    const kube = await start((_, response) => sendJson(response, status, 409));
    await expect(kube.replace(configMaps, map())).rejects.toThrow('the server says why');
  });

  test('403 by RBAC says who may not do what, and how to check it', async () => {
    const message =
      'configmaps "x" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" in the namespace "y"';
    const kube = await start((_, response) => sendStatus(response, 403, 'Forbidden', message));
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({
      exitCode: 4,
      message:
        'fake: configmaps "x" in namespace "y": not allowed: user "jane" may not get deployments.apps/scale in namespace "y"',
      hint: 'ask for this right; to check: kubectl --context fake -n y auth can-i get deployments.apps --subresource=scale',
      details: [message],
    });
  });

  test('401 says whose credentials are rejected', async () => {
    const kube = await start((_, response) => sendStatus(response, 401, 'Unauthorized', 'Unauthorized'));
    await expect(kube.get(storageClasses, { name: 's' })).rejects.toMatchObject({
      code: 401,
      exitCode: 4,
      message: 'fake: not logged in: the API server rejects the credentials of tester',
    });
  });

  test('several causes are listed where the message leaves them out', async () => {
    const status = {
      kind: 'Status',
      reason: 'Invalid',
      message: 'ConfigMap "x" is invalid',
      details: {
        causes: [
          { field: 'a', message: 'too long' },
          { field: 'b', message: 'too short' },
        ],
      },
    };
    const kube = await start((_, response) => sendJson(response, status, 422));
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({
      details: ['a: too long', 'b: too short'],
    });
  });

  test('a login page is told from an API server', async () => {
    const page: Answer = ({ path }, response) => {
      if (path.endsWith('redirected')) response.writeHead(302, { location: '/login' }).end();
      else response.end('<html>Please log in</html>');
    };
    const kube = await start(page);
    const at = (path: string) => kube.request({ method: 'GET', path });
    await expect(at('/version')).rejects.toThrow('fake: GET /version: the answer is not JSON');
    await expect(at('/redirected')).rejects.toThrow('fake: GET /redirected: HTTP 302, a redirect');
  });
});

test('an answer that is cut short is not quoted: it may be a Secret', async () => {
  const kube = await start((_, response) => void response.end('{"data":{"password":"czNjcmV0'));
  const error = await kube.get(secrets, ref).catch((caught) => caught);
  expect(error.message).toBe('fake: secrets "x" in namespace "y": the answer is not JSON');
  expect(inspect(error)).not.toContain('czNjcmV0');
});

test('warnings of the server are told', async () => {
  const told: string[] = [];
  const warn: Answer = (_, response) =>
    sendJson(response, {}, 200, { warning: '299 - "old \\"v1beta1\\" API", 299 - "and, more"' });
  server = await fakeApiServer(warn, { onWarning: (text) => told.push(text) });
  await server.kube.get(configMaps, ref);
  expect(told).toEqual(['fake: old "v1beta1" API', 'fake: and, more']);
});
