/** What is shown to the agent of a node. (The way to it, and what it says, are tried on clusters.) */
import { afterEach, expect, test } from '@jest/globals';
import { Declined } from '../../../../../plugins/devsync/launch/launcher.ts';
import { launchFromNode } from '../../../../../plugins/devsync/launch/node-agent.ts';
import type { User } from '../../../../../plugins/devsync/launch/security.ts';
import { ourHello } from '../../../../../plugins/devsync/wire/calls.ts';
import { encodeFrame } from '../../../../../plugins/devsync/wire/frame.ts';
import { answerLine, audienceOf, clientAccount } from '../../../../../plugins/devsync/wire/node-agent.ts';
import { systemClock } from '../../../../../src/clock.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { type FakeApiServer, fakeApiServer, sendJson, sendStatus } from '../../../support/fake-api-server.ts';
import { fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeApiServer | undefined;
afterEach(() => server?.close());

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
  const asked = server?.requests.find(({ path }) => path.endsWith('/token'));
  expect(asked?.path).toBe(`/api/v1/namespaces/shop/serviceaccounts/${clientAccount}/token`);
  // Ten minutes are the least that a TokenRequest may ask for.
  expect(asked?.body).toMatchObject({ spec: { audiences: [audienceOf('node-1')], expirationSeconds: 600 } });
});

test('a session runs as who the main process runs as, and is declined where another user is wanted', async () => {
  const streams = await fakeStreamServer((socket) => {
    for (const channel of [0, 1]) socket.send(Buffer.from([channel, 8470 & 255, 8470 >> 8]));
    socket.once('message', () => {
      const hello = encodeFrame({ type: 'hello', session: 0, header: ourHello({ uid: 1000, gid: 2000 }) });
      socket.send(Buffer.concat([Buffer.from(`\0${answerLine({ opened: true })}`), hello]));
    });
  });
  const pod: Pod = { metadata: { name: 'web' }, spec: { nodeName: 'node-1', containers: [] } };
  const launchAs = (runAs: User) =>
    launchFromNode({
      kube: {
        ...streams.kube,
        list: async () => ({ items: [agent] }),
        create: async () => ({ status: { token: 't' } }),
      } as unknown as KubeClient,
      target: { namespace: 'shop', pod, container: 'app', containerId: 'containerd://1', imageId: '' },
      runAs,
      bundle: '',
      image: '',
      clock: systemClock,
      signal: new AbortController().signal,
      onDetail: () => {},
    });
  try {
    for (const runAs of [
      { uid: 1000, gid: undefined },
      { uid: 1000, gid: 2000 },
    ])
      (await launchAs(runAs)).connection.close();
    for (const runAs of [
      { uid: 0, gid: undefined },
      { uid: 1000, gid: 0 },
    ]) {
      const declined = launchAs(runAs);
      await expect(declined).rejects.toThrow(Declined);
      await expect(declined).rejects.toThrow('by its node it runs as 1000:2000, and as nobody else');
    }
  } finally {
    await streams.close();
  }
});
