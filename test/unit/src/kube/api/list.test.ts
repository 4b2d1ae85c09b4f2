import { afterEach, describe, expect, test } from '@jest/globals';
import { AnswerTooLong } from '../../../../../src/kube/api/answer-too-long.ts';
import type { RawRequest } from '../../../../../src/kube/api/client.ts';
import { listAll, listPages } from '../../../../../src/kube/api/list.ts';
import { configMaps, deployments } from '../../../../../src/kube/api/resources.ts';
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

/** Serves so many objects page by page; `expireAt` makes that page's token expire, once. */
function paged(count: number, { expireAt = -1 } = {}): Answer {
  let expired = false;
  return ({ query }, response) => {
    const from = Number(query.continue ?? 0);
    if (from === expireAt && !expired) {
      expired = true;
      return sendStatus(response, 410, 'Expired', 'The provided continue parameter is too old');
    }
    const limit = Number(query.limit ?? count);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, index) => ({
      metadata: { name: `c${from + index}`, namespace: 'n' },
      data: { some: 'data' },
    }));
    const next = from + items.length < count ? String(from + items.length) : '';
    sendJson(response, { metadata: { resourceVersion: '9', continue: next }, items });
  };
}

describe('list', () => {
  test('collects all pages, and says of each item what it is', async () => {
    server = await fakeApiServer(paged(7));
    const { items, resourceVersion } = await server.kube.list(deployments, { namespace: 'n', pageSize: 3 });
    expect(resourceVersion).toBe('9');
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    expect(items.at(-1)).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', data: { some: 'data' } });
    expect(server.requests.map(({ query }) => query.continue)).toEqual([undefined, '3', '6']);
  });

  test('asks for the next page while one is dealt with, and for no more than that', async () => {
    server = await fakeApiServer(paged(9));
    const asked = () => server.requests.map(({ query }) => query.continue);
    const seen: unknown[] = [];
    await listPages(server.kube, configMaps, { namespace: 'n', pageSize: 3 }, async (items) => {
      const next = { c0: [undefined, '3'], c3: [undefined, '3', '6'], c6: [undefined, '3', '6'] };
      await eventually(() => expect(asked()).toEqual(next[items[0]?.metadata.name as keyof typeof next]));
      seen.push(items[0]?.metadata.name);
    });
    expect(seen).toEqual(['c0', 'c3', 'c6']);
  });

  test('one that can not be dealt with ends it, whatever becomes of the next page', async () => {
    server = await fakeApiServer(paged(9, { expireAt: 3 }));
    const failing = listPages(server.kube, configMaps, { namespace: 'n', pageSize: 3 }, async () => {
      await eventually(() => expect(server.requests).toHaveLength(2));
      throw new Error('no use for it');
    });
    await expect(failing).rejects.toThrow('no use for it');
  });

  test('begins anew with smaller pages where one was more than may be kept', async () => {
    const asked: unknown[] = [];
    const fetch = async <T>({ query = {} }: RawRequest): Promise<T> => {
      asked.push([query.limit, query.continue]);
      const from = Number(query.continue ?? 0);
      const limit = Number(query.limit);
      // The fifth object is a large one.
      if (from <= 4 && from + limit > 4 && limit > 3) throw new AnswerTooLong('too long');
      const items = Array.from({ length: limit }, (_, index) => ({ metadata: { name: `c${from + index}` } }));
      const next = from + limit < 6 ? String(from + limit) : undefined;
      return { metadata: { resourceVersion: '9', continue: next }, items } as T;
    };
    const { items } = await listAll(fetch, configMaps, { pageSize: 30 });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
    expect(asked).toEqual([
      [30, undefined],
      [3, undefined],
      [3, '3'],
    ]);
    const never = () => Promise.reject(new AnswerTooLong('too long'));
    await expect(listAll(never, configMaps, { pageSize: 30 })).rejects.toThrow('too long');
  });

  test('selects, and repeats the selection on every page', async () => {
    server = await fakeApiServer(paged(3));
    await server.kube.list(configMaps, {
      labelSelector: 'a=b,c',
      fieldSelector: 'metadata.name=x',
      pageSize: 2,
    });
    for (const { path, query } of server.requests) {
      expect(path).toBe('/api/v1/configmaps');
      expect(query).toMatchObject({ labelSelector: 'a=b,c', fieldSelector: 'metadata.name=x', limit: '2' });
    }
    expect(server.requests).toHaveLength(2);
  });

  test('starts over, all at once, where a token expired halfway', async () => {
    server = await fakeApiServer(paged(7, { expireAt: 3 }));
    const { items } = await server.kube.list(configMaps, { namespace: 'n', pageSize: 3 });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    expect(server.requests.at(-1)?.query).toEqual({});
  });

  test('from the cache asks without pages', async () => {
    server = await fakeApiServer(paged(2));
    await server.kube.list(configMaps, { resourceVersion: '0' });
    expect(server.requests.map(({ query }) => query)).toEqual([{ resourceVersion: '0' }]);
  });

  test('of metadata only drops all else, also from a server that sends it', async () => {
    server = await fakeApiServer(paged(1));
    const { items } = await server.kube.list(configMaps, { namespace: 'n', metadataOnly: true });
    expect(items).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c0', namespace: 'n' } },
    ]);
    expect(server.requests[0]?.headers.accept).toContain('as=PartialObjectMetadataList');
  });

  test('of nothing is empty', async () => {
    server = await fakeApiServer((_, response) =>
      sendJson(response, { metadata: { resourceVersion: '1' }, items: null }),
    );
    expect(await server.kube.list(configMaps)).toEqual({ resourceVersion: '1', items: [] });
  });
});
