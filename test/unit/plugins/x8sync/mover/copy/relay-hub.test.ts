/** The hub in the target's pod, between the mover's ssh and the plugin's streams, over real sockets. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type HubPorts, RelayHub } from '../../../../../../plugins/x8sync/mover/copy/relay-hub.ts';
import { relayOpened } from '../../../../../../plugins/x8sync/mover/protocol/relay.ts';

let hub: RelayHub & { readonly ports: HubPorts };
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
  hub = await RelayHub.listen({ mover: 0, plugin: 0 });
});
afterEach(() => {
  hub.close();
  for (const socket of sockets) socket.destroy();
});

async function dial(side: keyof HubPorts): Promise<Socket> {
  const socket = connect(hub.ports[side], '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** The next so many bytes, as text. */
async function read(socket: Socket, bytes: number): Promise<string> {
  let text = '';
  while (text.length < bytes) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) text += chunk.toString('latin1');
    else await once(socket, 'readable');
  }
  if (text.length > bytes) socket.unshift(Buffer.from(text.slice(bytes), 'latin1'));
  return text.slice(0, bytes);
}

const opened = String.fromCharCode(relayOpened);

test('a connection of the mover and a stream of the plugin are joined, whichever comes first', async () => {
  for (const order of [['mover', 'plugin'] as const, ['plugin', 'mover'] as const]) {
    const [first, second] = [await dial(order[0]), await dial(order[1])];
    const [mover, plugin] = order[0] === 'mover' ? [first, second] : [second, first];
    expect(await read(plugin, 1)).toBe(opened);
    plugin.write('SSH-2.0-there\r\n');
    expect(await read(mover, 15)).toBe('SSH-2.0-there\r\n');
    mover.write('SSH-2.0-here\r\n');
    expect(await read(plugin, 14)).toBe('SSH-2.0-here\r\n');
  }
});

test('what the mover says before a stream is there is not lost', async () => {
  const mover = await dial('mover');
  mover.write('early');
  const plugin = await dial('plugin');
  expect(await read(plugin, 6)).toBe(`${opened}early`);
});

test('where one end closes, the other is closed, and a new connection gets a new stream', async () => {
  const [mover, plugin] = [await dial('mover'), await dial('plugin')];
  expect(await read(plugin, 1)).toBe(opened);
  plugin.destroy();
  mover.resume();
  await once(mover, 'close');
  const [again, stream] = [await dial('mover'), await dial('plugin')];
  expect(await read(stream, 1)).toBe(opened);
  stream.write('again');
  expect(await read(again, 5)).toBe('again');
});

test('a stream that broke while it waited is given to nobody', async () => {
  const broken = await dial('plugin');
  broken.resetAndDestroy();
  const [stream, mover] = [await dial('plugin'), await dial('mover')];
  expect(await read(stream, 1)).toBe(opened);
  stream.write('whole');
  expect(await read(mover, 5)).toBe('whole');
});
