import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { UnreachableError, X8sError } from '../../../../../src/errors.ts';
import { portForward } from '../../../../../src/kube/streams/portforward.ts';
import { type FakeStreamServer, fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeStreamServer;
afterEach(() => server.close());

const place = { namespace: 'n', pod: 'p', port: 8080 };
/** What the kubelet sends first on both channels: the port, little-endian. */
const begin = (socket: WebSocket) => {
  for (const channel of [0, 1]) socket.send(Buffer.from([channel, 8080 & 255, 8080 >> 8]));
};
async function serve(how: (socket: WebSocket) => void) {
  server = await fakeStreamServer(how);
  return server.kube;
}

test('data goes both ways', async () => {
  const kube = await serve((socket) => {
    begin(socket);
    socket.on('message', (data: Buffer) => socket.send(Buffer.concat([data, Buffer.from('!')])));
  });
  const stream = await portForward(kube, place);
  stream.write('hello');
  expect(String((await once(stream, 'data'))[0])).toBe('hello!');
  expect(server.requests[0]?.url).toBe('/api/v1/namespaces/n/pods/p/portforward?ports=8080');
  stream.destroy();
});

test('two bytes of data are not taken for a port', async () => {
  const kube = await serve((socket) => {
    begin(socket);
    socket.send(Buffer.from([0, 1, 2]));
    socket.close(1000);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of await portForward(kube, place)) chunks.push(chunk);
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([1, 2]));
});

test('an error of the kubelet destroys the stream with its words', async () => {
  const kube = await serve((socket) => {
    begin(socket);
    socket.send(Buffer.from('\u0001connection refused\n'));
  });
  const stream = await portForward(kube, place);
  const [error] = await once(stream, 'error');
  expect(error).toBeInstanceOf(X8sError);
  expect(error.message).toBe('fake: port-forward to 8080 of pods "p" in namespace "n": connection refused');
});

test('a lost connection destroys the stream', async () => {
  const kube = await serve((socket) => {
    begin(socket);
    socket.on('message', () => socket.terminate());
  });
  const stream = await portForward(kube, place);
  stream.resume();
  stream.write('hello');
  const [error] = await once(stream, 'error');
  expect(error).toBeInstanceOf(UnreachableError);
});

test('destroying the stream ends the connection', async () => {
  const closed = Promise.withResolvers<number>();
  const kube = await serve((socket) => socket.on('close', closed.resolve));
  (await portForward(kube, place)).destroy();
  await expect(closed.promise).resolves.toBe(1000);
});
