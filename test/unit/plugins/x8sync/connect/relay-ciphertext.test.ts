/** What a relay sees of a copy: the real relay, between the real mover, sshd, ssh and rsync of this machine. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Relay } from '../../../../../plugins/x8sync/connect/relay.ts';
import { relayAddress, relayPorts } from '../../../../../plugins/x8sync/mover/protocol/relay.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { eventually } from '../../../../support/eventually.ts';
import { pair, withPrograms } from '../../../support/mover-programs.ts';

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

withPrograms(
  'a relay hands on every byte of a copy, and sees neither what is in a file nor what it is called',
  async () => {
    using both = await pair();
    const stop = new AbortController();
    // Nothing in it is compressed: what is sent in clear would be found.
    const name = `named-${randomBytes(16).toString('hex')}`;
    const content = randomBytes(1 << 20);
    writeFileSync(join(both.source, name), content);
    await both.serve();

    const passed = { ofSource: [] as Buffer[], ofMover: [] as Buffer[] };
    const noting = async (port: number, chunks: Buffer[]) => {
      const socket = await dial(port);
      const push = socket.push.bind(socket);
      socket.push = (chunk: Buffer | null) => {
        if (chunk) chunks.push(Buffer.from(chunk));
        return push(chunk);
      };
      return socket;
    };
    const relay = new Relay({
      dialSource: () => noting(both.port, passed.ofSource),
      dialMover: () => noting(relayPorts.plugin, passed.ofMover),
      clock: systemClock,
      signal: stop.signal,
      onTrouble: () => {},
    });
    const { ended } = both.start({ X8S_ADDRESSES: relayAddress, X8S_COMPRESS: 'none' });
    await eventually(() => relay.serve('the only one'));
    expect(await ended).toMatchObject({ code: 0, outcome: 'ok', stats: { transferredFiles: 1 } });
    stop.abort(new Error('the copy is made'));
    expect(readFileSync(join(both.target, name)).equals(content)).toBe(true);

    const [ofSource, ofMover] = [Buffer.concat(passed.ofSource), Buffer.concat(passed.ofMover)];
    expect(ofSource.length).toBeGreaterThan(content.length);
    // What both ends say in clear is seen: nothing passes by another way.
    for (const bytes of [ofSource, ofMover]) expect(bytes.includes('SSH-2.0-OpenSSH')).toBe(true);
    const known = [Buffer.from(name)];
    for (let at = 0; at < content.length; at += 4096) known.push(content.subarray(at, at + 12));
    const seen = known.filter((bytes) => ofSource.includes(bytes) || ofMover.includes(bytes));
    expect(seen).toEqual([]);
  },
  120_000,
);
