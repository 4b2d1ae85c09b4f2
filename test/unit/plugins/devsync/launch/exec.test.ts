import { afterEach, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { launchByExec } from '../../../../../plugins/devsync/launch/exec.ts';
import { Declined, type LaunchContext } from '../../../../../plugins/devsync/launch/launcher.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { type FakeStreamServer, fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeStreamServer | undefined;
afterEach(() => server?.close());

async function launchWith(serve: (socket: WebSocket) => void) {
  server = await fakeStreamServer(serve);
  const pod = { metadata: { name: 'web-0' }, spec: { containers: [{ name: 'app' }] } };
  const target = { namespace: 'shop', pod, container: 'app', containerId: 'c', imageId: 'i' };
  const { signal } = new AbortController();
  const common = { bundle: '', image: '', clock: systemClock, helloLimit: 200, signal, onDetail: () => {} };
  return await launchByExec({ ...common, kube: server.kube, target } as unknown as LaunchContext);
}

test('a container without a node declines', async () => {
  const status = { status: 'Failure', message: 'exec: "node": executable file not found in $PATH' };
  const failed = launchWith((socket) => {
    socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(status))]));
    socket.close(1000);
  });
  await expect(failed).rejects.toThrow(new Declined('there is no node in the container'));
});

test('a connection that breaks says nothing about the container', async () => {
  await expect(launchWith((socket) => socket.terminate())).rejects.toThrow(UnreachableError);
});

test('an agent that is not heard of in time is no container without a node', async () => {
  const failed = launchWith(() => {});
  await expect(failed).rejects.toThrow(Declined);
  await expect(failed).rejects.toThrow(
    /^nothing was heard of the agent for 0.2 s: the cluster, .* may be slow$/,
  );
});
