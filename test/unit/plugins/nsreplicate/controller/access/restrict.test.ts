/** What requests are sent by the rights of one namespace, and what is heard from servers that nobody vouched for. */
import { describe, expect, test } from '@jest/globals';
import {
  ruleFor,
  withinNamespace,
  withoutForeignTexts,
} from '../../../../../../plugins/nsreplicate/controller/access/restrict.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../../../../../src/kube/api/transport.ts';

const get = (path: string): HttpRequest => ({ method: 'GET', path });
const review = (resourceAttributes: object): HttpRequest => ({
  method: 'POST',
  path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  body: JSON.stringify({ spec: { resourceAttributes } }),
});

describe('by the rights of namespace n', () => {
  test.each([
    '/version',
    '/api',
    '/apis',
    '/api/v1',
    '/apis/apps/v1',
    '/api/v1/namespaces/n',
    '/api/v1/namespaces/n/configmaps?limit=150',
    '/apis/apps/v1/namespaces/n/deployments/web',
    '/api/v1/namespaces/n/configmaps?watch=true',
    '/api/v1/namespaces/x8s-nsreplicate/configmaps/nsreplicate-krm-x-epoch',
  ])('GET %s is sent', (path) => {
    expect(ruleFor('n', get(path))).toEqual(get(path));
  });

  test.each([
    '/api/v1/configmaps',
    '/api/v1/nodes',
    '/api/v1/namespaces/kube-system',
    '/api/v1/namespaces/nn/configmaps',
    '/api/v1/namespaces/n/secrets',
    '/api/v1/namespaces/n/secrets/x',
    '/api/v1/namespaces/n/../kube-system/secrets',
    '/api/v1/namespaces/n%2f..%2fx/configmaps',
    '/api/v1/namespaces/n//secrets',
    '/apis/apps/v1/deployments',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/logs',
    '/metrics',
    '/api/v1/watch/secrets',
    '/api/v1/namespaces/x8s-nsreplicate/configmaps',
    '/api/v1/namespaces/x8s-nsreplicate/configmaps/nsreplicate-krm-x-state',
  ])('GET %s is refused', (path) => {
    expect(ruleFor('n', get(path))).toBe('refuse');
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is refused', (method) => {
    expect(ruleFor('n', { method, path: '/api/v1/namespaces/n/configmaps/c' })).toBe('refuse');
  });

  test('of all namespaces the one is listed, whatever was selected', () => {
    const ruling = ruleFor(
      'n',
      get('/api/v1/namespaces?limit=150&fieldSelector=metadata.name%3Dkube-system'),
    );
    expect(ruling).toMatchObject({ path: '/api/v1/namespaces?limit=150&fieldSelector=metadata.name%3Dn' });
  });

  test('reviews are asked where they could be granted, and denied elsewhere', () => {
    const inside = review({ verb: 'list', resource: 'configmaps', namespace: 'n' });
    expect(ruleFor('n', inside)).toBe(inside);
    for (const outside of [
      { verb: 'list', resource: 'configmaps' },
      { verb: 'create', resource: 'configmaps', namespace: 'n' },
      { verb: 'list', resource: 'secrets', namespace: 'n' },
    ])
      expect(ruleFor('n', review(outside))).toBe('refuse');
    expect(ruleFor('n', review({ verb: 'list', group: '', resource: 'namespaces' }))).toMatchObject({
      body: JSON.stringify({
        spec: { resourceAttributes: { verb: 'list', group: '', resource: 'namespaces', name: 'n' } },
      }),
    });
  });

  const fakeTransport = (status: number, body: string): Transport => ({
    ready: async () => undefined,
    request: async () =>
      ({ status, headers: {}, text: async () => body, discard: () => undefined }) as unknown as HttpResponse,
    webSocket: () => Promise.reject(new Error('none')),
    loseConnections: () => undefined,
    close: () => Promise.reject(new Error('it is not ours to close')),
  });

  test('a refused request is answered as an API server would, and nothing is closed', async () => {
    const within = withinNamespace(fakeTransport(200, '{}'), 'n');
    const response = await within.request(get('/api/v1/nodes'));
    expect([response.status, JSON.parse(await response.text())]).toMatchObject([
      403,
      { reason: 'Forbidden' },
    ]);
    const denied = await within.request(review({ verb: 'list', resource: 'nodes' }));
    expect(JSON.parse(await denied.text())).toEqual({ status: { allowed: false } });
    await within.close();
  });

  test('of failures only those of API servers are heard', async () => {
    const heard = async (status: number, body: string) =>
      (await withoutForeignTexts(fakeTransport(status, body)).request(get('/x'))).text();
    expect(await heard(500, '<html>inner page</html>')).toBe('');
    expect(await heard(301, 'moved to http://inner')).toBe('');
    const failure = '{"kind":"Status","message":"no"}';
    expect(await heard(404, failure)).toBe(failure);
    expect(await heard(200, '{"items":[]}')).toBe('{"items":[]}');
  });
});
