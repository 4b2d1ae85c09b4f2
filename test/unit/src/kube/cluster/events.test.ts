import { afterEach, describe, expect, test } from '@jest/globals';
import { eventsOf } from '../../../../../src/kube/cluster/events.ts';
import { clusterId } from '../../../../../src/kube/cluster/identity.ts';
import { type FakeApiServer, fakeApiServer, sendJson, sendStatus } from '../../../support/fake-api-server.ts';

let server: FakeApiServer;

afterEach(() => server.close());

describe('eventsOf', () => {
  const items = [
    {
      type: 'Warning',
      reason: 'FailedScheduling',
      message: '0/2 nodes\n are available',
      lastTimestamp: '2026-01-01T00:00:09Z',
      count: 4,
    },
    {
      type: 'Normal',
      reason: 'Scheduled',
      message: 'assigned',
      eventTime: '2026-01-01T00:00:10.5Z',
      lastTimestamp: null,
    },
    { type: 'Normal', reason: 'First', message: 'long ago', firstTimestamp: '2026-01-01T00:00:01Z' },
    {
      reason: 'Again',
      message: 'and again',
      eventTime: '2026-01-01T00:00:00Z',
      series: { lastObservedTime: '2026-01-01T00:00:20Z' },
    },
  ].map((event) => ({ metadata: { name: 'e', namespace: 'n' }, ...event }));

  test('gives the last ones, the newest last, each in a line', async () => {
    server = await fakeApiServer((_, response) => sendJson(response, { metadata: {}, items }));
    expect(await eventsOf(server.kube, { namespace: 'n', uid: 'u', kind: 'Pod' }, 3)).toEqual([
      'Warning FailedScheduling: 0/2 nodes are available (4 times)',
      'Normal Scheduled: assigned',
      'Normal Again: and again',
    ]);
    expect(server.requests[0]?.path).toBe('/api/v1/namespaces/n/events');
    expect(server.requests[0]?.query.fieldSelector).toBe('involvedObject.uid=u,involvedObject.kind=Pod');
  });
});

describe('clusterId', () => {
  test('is the uid of kube-system', async () => {
    server = await fakeApiServer((_, response) => sendJson(response, { metadata: { uid: 'the-uid' } }));
    expect(await clusterId(server.kube)).toBe('the-uid');
    expect(server.requests[0]?.path).toBe('/api/v1/namespaces/kube-system');
  });

  test('is unknown to who may not read it, but a broken server is an error', async () => {
    let code = 403;
    server = await fakeApiServer((_, response) => sendStatus(response, code, 'Forbidden', 'no'));
    expect(await clusterId(server.kube)).toBeUndefined();
    code = 500;
    await expect(clusterId(server.kube)).rejects.toMatchObject({ code: 500 });
  });
});
