/** What is shown to the agent of a node. (The way to it, and what it says, are tried on clusters.) */
import { afterEach, expect, test } from '@jest/globals';
import { launchFromNode } from '../../../../../plugins/devsync/launch/node-agent.ts';
import { audienceOf, clientAccount } from '../../../../../plugins/devsync/wire/node-agent.ts';
import { systemClock } from '../../../../../src/clock.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { type FakeApiServer, fakeApiServer, sendJson, sendStatus } from '../../../support/fake-api-server.ts';

let server: FakeApiServer;
afterEach(() => server.close());

const agent = {
  metadata: { name: 'agent-1', namespace: 'x8s-devsync' },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

test('a token for the agent of this node alone, as short-lived as the API server grants', async () => {
  server = await fakeApiServer(({ path }, response) => {
    if (path.endsWith('/token')) sendJson(response, { status: { token: 'of-the-account' } });
    else if (path.includes('/portforward')) sendStatus(response, 403, 'Forbidden', 'not here');
    else sendJson(response, { metadata: {}, items: [agent] });
  });
  const pod: Pod = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { nodeName: 'node-1', containers: [] },
  };
  const started = launchFromNode({
    kube: server.kube,
    target: { namespace: 'shop', pod, container: 'app', containerId: 'containerd://1', imageId: '' },
    bundle: '',
    image: '',
    clock: systemClock,
    signal: new AbortController().signal,
    onDetail: () => {},
  });
  await expect(started).rejects.toThrow(/may not create pods\/portforward/);
  const asked = server.requests.find(({ path }) => path.endsWith('/token'));
  expect(asked?.path).toBe(`/api/v1/namespaces/shop/serviceaccounts/${clientAccount}/token`);
  // Ten minutes are the least that a TokenRequest may ask for.
  expect(asked?.body).toMatchObject({ spec: { audiences: [audienceOf('node-1')], expirationSeconds: 600 } });
});
