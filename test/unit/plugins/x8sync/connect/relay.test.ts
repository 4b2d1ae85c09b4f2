/** The relay of the workstation, between the real hub of a mover and a server that stands for the source's sshd. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Relay, type RelayContext } from '../../../../../plugins/x8sync/connect/relay.ts';
import { type HubPorts, RelayHub } from '../../../../../plugins/x8sync/mover/copy/relay-hub.ts';
import { eventually } from '../../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

let hub: RelayHub & { readonly ports: HubPorts };
let server: Server;
let served: Socket[];
let stop: AbortController;
beforeEach(async () => {
  stop = new AbortController();
  hub = await RelayHub.listen({ mover: 0, plugin: 0 });
  served = [];
  // Greets, as sshd does, and says again what it hears.
  server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.write('SSH-2.0-source\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  stop.abort(new Error('the test is over'));
  for (const socket of served) socket.destroy();
  server.close();
  hub.close();
});

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function context(more: Partial<RelayContext> = {}): RelayContext & { readonly troubles: string[] } {
  const troubles: string[] = [];
  const { port } = server.address() as { port: number };
  return {
    dialSource: () => dial(port),
    dialMover: () => dial(hub.ports.plugin),
    clock: fakeClock(),
    signal: stop.signal,
    onTrouble: (text) => troubles.push(text),
    troubles,
    ...more,
  };
}

/** A connection of the mover's ssh; resolves with what it heard back once it has said something. */
async function talk(text: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = await dial(hub.ports.mover);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += String(chunk);
  });
  socket.write(text);
  return { socket, heard: () => heard };
}

test('each connection of the mover reaches the source, several at a time', async () => {
  await new Relay(context()).serve('mover-1');
  const [one, other] = [await talk('one'), await talk('other')];
  await eventually(() => {
    expect(one.heard()).toBe('SSH-2.0-source\r\none');
    expect(other.heard()).toBe('SSH-2.0-source\r\nother');
  });
});

test('a stream that has gone before the source could be looked at is brought anew', async () => {
  const clock = fakeClock();
  const brought: Socket[] = [];
  const dialMover = async () => {
    const stream = await dial(hub.ports.plugin);
    // As where the mover does not listen yet.
    if (brought.push(stream) === 1) stream.destroy();
    return stream;
  };
  const dialSource = async () => {
    await eventually(() => expect(brought[0]?.closed).toBe(true));
    return dial((server.address() as { port: number }).port);
  };
  await new Relay(context({ clock, dialMover, dialSource })).serve('mover-1');
  await eventually(async () => {
    await clock.advance(250);
    expect(brought.length).toBeGreaterThan(1);
  });
  const { heard } = await talk('one');
  await eventually(() => expect(heard()).toBe('SSH-2.0-source\r\none'));
});

test('a large content passes whole, both ways', async () => {
  await new Relay(context()).serve('mover-1');
  const { socket } = await talk('');
  const sent = Buffer.alloc(8 << 20, 'some content that is longer than one message ');
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  socket.write(sent);
  await eventually(() => expect(received).toBe(sent.length + 'SSH-2.0-source\r\n'.length));
});

test('where the source’s end breaks, the mover’s is closed, and its next connection is joined anew', async () => {
  await new Relay(context()).serve('mover-1');
  const { socket, heard } = await talk('first');
  await eventually(() => expect(heard()).toContain('first'));
  for (const each of served) each.destroy();
  await once(socket, 'close');
  const again = await talk('again');
  await eventually(() => expect(again.heard()).toBe('SSH-2.0-source\r\nagain'));
});

test('a stream to the mover that broke while it waited is brought anew', async () => {
  const brought: Socket[] = [];
  const clock = fakeClock();
  const dialMover = async () => {
    const socket = await dial(hub.ports.plugin);
    brought.push(socket);
    return socket;
  };
  await new Relay(context({ clock, dialMover })).serve('mover-1');
  brought[0]?.destroy();
  await eventually(async () => {
    await clock.advance(250);
    expect(brought.length).toBeGreaterThan(1);
  });
  const { heard } = await talk('whole');
  await eventually(() => expect(heard()).toBe('SSH-2.0-source\r\nwhole'));
});

test('what is not allowed is known at once, on either side', async () => {
  const refused = async () => {
    throw new Error('you may not create pods/portforward');
  };
  for (const more of [{ dialSource: refused }, { dialMover: refused }])
    await expect(new Relay(context(more)).serve('mover-1')).rejects.toThrow(/portforward/);
});

test('a source that can’t be dialled for a while closes the mover’s connection, and is named', async () => {
  let isAway = false;
  const { port } = server.address() as { port: number };
  const dialSource = async () => {
    if (isAway) throw new Error('the API server is away');
    return dial(port);
  };
  const { troubles, ...rest } = context({ dialSource });
  await new Relay({ ...rest }).serve('mover-1');
  isAway = true;
  const { socket } = await talk('lost');
  await once(socket, 'close');
  expect(troubles).toEqual(['relay: the API server is away']);
  isAway = false;
  const { heard } = await talk('back');
  await eventually(() => expect(heard()).toBe('SSH-2.0-source\r\nback'));
});
