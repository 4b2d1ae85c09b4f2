/** Finding the source: an address is dialled as it was told, and a banner is read however slowly it comes. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type Probe, parseAddress, probe } from '../../../../../../plugins/x8sync/mover/ssh/addresses.ts';
import { findAddress } from '../../../../../../plugins/x8sync/mover/ssh/finder.ts';
import { settle } from '../../../../support/fake-clock.ts';
import { fakeTimeouts } from '../../../../support/fake-timeouts.ts';

const servers: Server[] = [];
let timeouts: Disposable | undefined;
beforeEach(() => {
  timeouts = fakeTimeouts({ performance: true });
});
afterEach(() => {
  timeouts?.[Symbol.dispose]();
  timeouts = undefined;
  for (const server of servers.splice(0)) server.close();
});

/** A server on a free port of this machine; resolves with the port. */
function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

const never = new AbortController().signal;
/** Lets the pause between two rounds of probes pass; nothing where the test is over. */
const nextRound = (ms = 100) => void (timeouts && jest.advanceTimersByTime(ms));

test.each([
  ['10.89.0.11:22', { host: '10.89.0.11', port: 22 }],
  ['[fe80::1%eth0]:2222', { host: 'fe80::1%eth0', port: 2222 }],
  ['a.example:31000', { host: 'a.example', port: 31_000 }],
  ['host', undefined],
  ['::1:22', undefined],
  ['host:99999', undefined],
  ['host:22; id', undefined],
])('%s is read as an address', (text, expected) => {
  expect(parseAddress(text)).toEqual(expected);
});

test('a banner that comes a byte at a time, slowly, is read whole', async () => {
  const drip = async (socket: Socket) => {
    for (const byte of 'SSH-2.0-x\r\n') {
      socket.write(byte);
      await settle();
      jest.advanceTimersByTime(200);
    }
    socket.end();
  };
  const port = await listen((socket) => void drip(socket));
  expect(await probe({ host: '127.0.0.1', port }, never)).toBeUndefined();
});

test('what is not sshd is told from what does not answer', async () => {
  const http = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n'));
  const closing = await listen((socket) => socket.end());
  const reached = new AbortController();
  const silent = await listen(() => reached.abort());
  const other = 'answers, but not as an ssh server';
  expect(await probe({ host: '127.0.0.1', port: http }, never)).toBe(other);
  expect(await probe({ host: '127.0.0.1', port: closing }, never)).toBe(other);
  expect(await probe({ host: '127.0.0.1', port: silent }, reached.signal)).toBe('no answer');
  expect(await probe({ host: '127.0.0.1', port: 1 }, never)).toBe('connection refused');
});

test('the address that answered is the one that was told, with its first character, every time', async () => {
  for (let run = 0; run < 100; run += 1) {
    let probes = 0;
    // The first probe is answered, or one that comes while those before it wait.
    const port = await listen((socket) => {
      if (probes++ === run % 3) socket.write('SSH-2.0-x\r\n');
      else nextRound(900);
    });
    const address = `127.0.0.1:${port}`;
    const found = await findAddress(() => ['127.0.0.1:1', address], 5000, never);
    expect(found.address).toBe(address);
  }
});

test('an address that is told later is tried, and the silence of all is explained in the end', async () => {
  const port = await listen((socket) => socket.write('SSH-2.0-x\r\n'));
  /** Finds among what is told in each round; each has time for its answers. */
  const foundIn = (told: (round: number) => readonly string[], limitMs: number) => {
    let round = 0;
    const candidates = () => {
      void settle().then(() => nextRound());
      return told(round++);
    };
    return findAddress(candidates, limitMs, never);
  };
  const late = (round: number) => (round < 3 ? [] : [`127.0.0.1:${port}`]);
  const told = await foundIn((round) => ['127.0.0.1:1', ...late(round)], 5000);
  expect(told.address).toBe(`127.0.0.1:${port}`);
  const silence = await foundIn(() => ['127.0.0.1:1', 'nonsense'], 150);
  expect(silence).toEqual({
    address: undefined,
    silence: '127.0.0.1:1: connection refused; nonsense: is no address',
  });
  expect((await foundIn(() => [], 0)).silence).toBe('no address of the source was given');
});

/** Looks for an address whose server accepts and says its banner after so long; resolves with when it was knocked at. */
async function knocksUntil(bannerAfterMs: number): Promise<number[]> {
  const knocks: number[] = [];
  const fakeKnock: Probe = (_address, signal, { bannerMs = 0, accepted } = {}) =>
    new Promise((resolve) => {
      knocks.push(performance.now());
      accepted?.();
      const isPatient = bannerMs >= bannerAfterMs;
      const timer = setTimeout(
        () => resolve(isPatient ? undefined : 'no answer'),
        Math.min(bannerMs, bannerAfterMs),
      );
      signal.addEventListener('abort', () => clearTimeout(timer));
    });
  let isOver = false;
  const finding = findAddress(() => ['10.0.0.1:22'], 60_000, never, fakeKnock).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await settle();
    nextRound();
  }
  expect((await finding).address).toBe(bannerAfterMs > 20_000 ? undefined : '10.0.0.1:22');
  return knocks;
}

test('the banner of a server that is busy is waited for ever longer, and it is knocked at ever more seldom', async () => {
  expect(await knocksUntil(1_000)).toHaveLength(2);
  expect((await knocksUntil(9_000)).length).toBeLessThan(10);
  // One that accepts and never says anything: in a minute, of which each probe takes up to 20 s.
  const knocks = await knocksUntil(Number.POSITIVE_INFINITY);
  const gaps = knocks.slice(1).map((at, index) => at - (knocks[index] ?? 0));
  expect(knocks.length).toBeLessThan(20);
  expect(Math.max(...gaps.slice(0, 3))).toBeLessThan(2_000);
  expect(Math.min(...gaps.slice(-3))).toBeGreaterThan(3_000);
});

test('a search ends with its signal', async () => {
  const stop = new AbortController();
  const search = findAddress(() => [], 5000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(search).rejects.toThrow('enough');
});
