/** Connections that nobody answers any more are ended, and no others. */
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type NetworkNews, newsBetween } from '../../../../../src/kube/api/network-news.ts';
import { OpenSockets } from '../../../../../src/kube/api/open-sockets.ts';
import { limitReach } from '../../../../../src/kube/connect/reach.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

describe('what has happened to the network between two looks', () => {
  const look = (time: number, ...addresses: string[]) => ({ time, addresses: new Set(addresses) });
  test.each([
    ['nothing', look(0, 'a'), look(1_000, 'a'), undefined],
    [
      'a network more, such as a VPN: what is connected stays',
      look(0, 'a'),
      look(1_000, 'a', 'b'),
      undefined,
    ],
    ['a look that was held up by a busy machine', look(0, 'a'), look(8_000, 'a'), undefined],
    [
      'an address that is gone',
      look(0, 'a', 'b'),
      look(1_000, 'a', 'c'),
      { slept: false, addresses: new Set(['a', 'c']) },
    ],
    ['a sleep', look(0, 'a'), look(60_000, 'a'), { slept: true, addresses: new Set(['a']) }],
  ])('%s', (_, last, now, news) => expect(newsBetween(last, now)).toEqual(news));
});

describe('connections', () => {
  let server: Server;
  const open: Socket[] = [];
  let tell: (news: NetworkNews) => void;
  /** Of the test that runs: those of the last one may close late. */
  let watches: { count: number };
  let sockets: OpenSockets;

  beforeEach(async () => {
    server = createServer((socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = { count: 0 };
    watches = own;
    sockets = new OpenSockets((teller) => {
      tell = teller;
      own.count += 1;
      return () => {
        own.count -= 1;
      };
    });
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
    server.close();
  });

  async function connected(
    localAddress: string,
  ): Promise<{ socket: Socket; lost: Promise<string>; closed: Promise<unknown> }> {
    const { port } = server.address() as { port: number };
    const socket = dial({ host: '127.0.0.1', port, localAddress });
    open.push(socket);
    sockets.add(socket);
    await once(socket, 'connect');
    const lost = new Promise<string>((resolve) => socket.once('error', ({ message }) => resolve(message)));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    return { socket, lost, closed };
  }

  test('whose address is gone are ended, with a reason; the others stay', async () => {
    const [gone, stays] = [await connected('127.0.0.2'), await connected('127.0.0.3')];
    tell({ slept: false, addresses: new Set(['127.0.0.3']) });
    expect(await gone.lost).toBe('127.0.0.2 is no address of this computer any more');
    expect([gone.socket.destroyed, stays.socket.destroyed]).toEqual([true, false]);
  });

  test('all are ended after a sleep; nothing is looked at once none is left', async () => {
    const all = [await connected('127.0.0.2'), await connected('127.0.0.3')];
    expect(watches.count).toBe(1);
    tell({ slept: true, addresses: new Set(['127.0.0.2', '127.0.0.3']) });
    expect(await Promise.all(all.map(({ lost }) => lost))).toEqual(Array(2).fill('this computer slept'));
    await Promise.all(all.map(({ closed }) => closed));
    expect(watches.count).toBe(0);
  });

  test('that are not made in time are given up, also while a name is looked up', async () => {
    using _ = fakeTimeouts();
    const socket = dial({ host: 'nowhere.invalid', port: 1, lookup: () => {} });
    open.push(socket);
    limitReach(socket, 3000);
    jest.advanceTimersByTime(2999);
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect([error.code, error.message]).toEqual(['ETIMEDOUT', 'no connection in time']);
  });

  test('that are made in time stay as long as they like', async () => {
    using _ = fakeTimeouts();
    const { port } = server.address() as { port: number };
    const socket = dial({ host: '127.0.0.1', port });
    open.push(socket);
    limitReach(socket, 3000);
    await once(socket, 'connect');
    jest.advanceTimersByTime(60_000);
    expect(socket.destroyed).toBe(false);
  });
});
