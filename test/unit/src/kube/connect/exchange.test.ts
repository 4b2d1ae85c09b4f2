import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Clock, systemClock } from '../../../../../src/clock.ts';
import { ConnectionError } from '../../../../../src/kube/api/connection-error.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import { eventually } from '../../../../support/eventually.ts';
import {
  type Answer,
  type FakeApiServer,
  type FakeOptions,
  fakeApiServer,
  sendJson,
  sendStatus,
} from '../../../support/fake-api-server.ts';
import { settle } from '../../../support/fake-clock.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

let server: FakeApiServer;

afterEach(() => server.close());

const ref = { namespace: 'y', name: 'x' };
const object = { metadata: ref };

/** A clock whose sleeps take no time, and are noted. */
function fakeClock() {
  const slept: number[] = [];
  let now = 0;
  const clock: Clock = {
    monotonic: () => now,
    now: () => new Date(0),
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
  return { clock, slept };
}

/** Answers in turn, the last one for all that follow. */
const inTurn = (...answers: ((response: ServerResponse) => void | Promise<void>)[]): Answer => {
  let turn = 0;
  return (_, response) => answers[Math.min(turn++, answers.length - 1)]?.(response);
};

const ok = (response: ServerResponse) => sendJson(response, { metadata: { name: 'x' } });
const busy = (code: number, seconds?: number) => (response: ServerResponse) =>
  sendStatus(response, code, 'Busy', 'come back later', seconds ? { 'retry-after': String(seconds) } : {});
const cut = (response: ServerResponse) => void response.destroy();
const silence = () => {};

async function start(answer: Answer, options: FakeOptions = {}) {
  server = await fakeApiServer(answer, options);
  return server.kube;
}

describe('a write that must not be made late', () => {
  const told = () => server.requests.map(({ query }) => query.timeout);

  test('is given up by the server first, at each attempt by what is left', async () => {
    const { clock } = fakeClock();
    const kube = await start(inTurn(busy(429, 2), ok), { clock, requestTimeoutMs: 20_000 });
    await kube.create(configMaps, object, { notAfterMs: 10_000 });
    expect(told()).toEqual(['9000ms', '7200ms']);
  });

  test('is not tried again once it would be late', async () => {
    const { clock } = fakeClock();
    const kube = await start(inTurn(busy(429, 11), ok), { clock, requestTimeoutMs: 20_000 });
    await expect(kube.delete(configMaps, ref, { notAfterMs: 10_000 })).rejects.toMatchObject({ code: 429 });
    expect(told()).toEqual(['9000ms']);
  });

  test.each([
    ['a process stood still', 'monotonic'],
    ['a machine slept, whose monotonic clock stood still, too', 'now'],
  ] as const)(
    'that had to wait for a connection is not sent once it would be late, as after %s',
    async (_what, moved) => {
      const { clock } = fakeClock();
      let passed = 0;
      const began = { monotonic: clock.monotonic(), now: clock.now().getTime() };
      const first = Promise.withResolvers<void>();
      const held = async (response: ServerResponse) => {
        await first.promise;
        ok(response);
      };
      const kube = await start(inTurn(held), {
        clock: {
          ...clock,
          monotonic: () => began.monotonic + (moved === 'monotonic' ? passed : 0),
          now: () => new Date(began.now + passed),
        },
        requestTimeoutMs: 0,
      });
      // As many as there are connections.
      const all = Array.from({ length: 32 }, () => kube.create(configMaps, object));
      await eventually(() => expect(server.requests).toHaveLength(32));
      const late = kube.create(configMaps, object, { notAfterMs: 10_000 });
      await settle();
      passed += 10_001;
      first.resolve();
      await expect(late).rejects.toThrow('no answer');
      await Promise.all(all);
      expect(server.requests).toHaveLength(32);
    },
  );

  test('has no more time than any request of its connection, and no less where those have no limit', async () => {
    const kube = await start(inTurn(ok));
    await kube.replace(configMaps, object, { notAfterMs: 10_000, timeoutMs: 3000 });
    await kube.apply(configMaps, object, { fieldManager: 'm', notAfterMs: 10_000, timeoutMs: 0 });
    const [short, long] = told().map((text) => Number.parseInt(text ?? '', 10));
    expect(short).toBeGreaterThan(2000);
    expect(short).toBeLessThanOrEqual(2700);
    expect(long).toBeGreaterThan(8000);
    expect(long).toBeLessThanOrEqual(9000);
  });
});

describe('a busy server', () => {
  test.each([429, 503])('is asked again when it says, after %d, also for writes', async (code) => {
    const { clock, slept } = fakeClock();
    const kube = await start(inTurn(busy(code, 2), busy(code, 1), ok), { clock });
    await kube.create(configMaps, object);
    expect(slept).toEqual([2_000, 1_000]);
    expect(server.requests).toHaveLength(3);
  });

  test('is given up where it asks for more time than there is', async () => {
    const { clock, slept } = fakeClock();
    const kube = await start(inTurn(busy(429, 60)), { clock });
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 429 });
    expect(slept).toEqual([]);
  });

  test('without Retry-After has failed, except for 429', async () => {
    const { clock, slept } = fakeClock();
    const kube = await start(inTurn(busy(503), busy(429), ok), { clock });
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 503 });
    await kube.get(configMaps, ref);
    expect(slept).toEqual([expect.any(Number)]);
  });

  test('is not asked for ever without a time limit', async () => {
    const { clock } = fakeClock();
    const kube = await start(inTurn(busy(429, 1)), { clock, requestTimeoutMs: 0 });
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 429 });
    expect(server.requests).toHaveLength(11);
  });
});

describe('a lost connection', () => {
  test('is no matter for what may be sent twice', async () => {
    const kube = await start(inTurn(cut, ok, cut, ok, cut, ok));
    await kube.get(configMaps, ref);
    await kube.apply(configMaps, object, { fieldManager: 'm' });
    await kube.delete(configMaps, ref, { uid: 'u' });
    expect(server.requests).toHaveLength(6);
  });

  test('fails what may have happened and must not happen twice', async () => {
    const kube = await start(inTurn(cut));
    await expect(kube.create(configMaps, object)).rejects.toBeInstanceOf(ConnectionError);
    await expect(kube.replace(configMaps, object)).rejects.toThrow('the connection was lost');
    await expect(kube.delete(configMaps, ref)).rejects.toThrow('the connection was lost');
    expect(server.requests).toHaveLength(3);
  });

  test('in the middle of an answer is no matter for a read', async () => {
    const half = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"metadata":', () => response.destroy());
    };
    const kube = await start(inTurn(half, ok));
    expect(await kube.get(configMaps, ref)).toEqual({ metadata: { name: 'x' } });
  });

  test('of a server that had answered before is waited for, also by writes', async () => {
    const pauses: number[] = [];
    const sleep = async (ms: number) => {
      if (pauses.push(ms) === 3) await server.restart();
    };
    const kube = await start(inTurn(ok), { clock: { ...systemClock, sleep } });
    await kube.get(configMaps, ref);
    await server.stop();
    await kube.create(configMaps, object);
    expect(server.requests).toHaveLength(2);
    expect(pauses).toEqual([0, expect.any(Number), expect.any(Number)]);
  });

  test('of a server that never answered is said at once', async () => {
    const { clock, slept } = fakeClock();
    const kube = await start(inTurn(ok), { clock });
    await server.stop();
    await expect(kube.get(configMaps, ref)).rejects.toMatchObject({
      exitCode: 4,
      message: `fake: no answer from ${server.url}: connection refused`,
      hint: 'is the cluster up? try: kubectl --context fake version',
    });
    expect(slept).toEqual([]);
  });
});

describe('the time limit', () => {
  let timeouts: Disposable;
  beforeEach(() => {
    timeouts = fakeTimeouts();
  });
  afterEach(() => timeouts[Symbol.dispose]());

  /** What a request fails with once the server has so many requests, and so many milliseconds have passed. */
  const failureOf = async (call: Promise<unknown>, requests: number, ms: number) => {
    const failed = call.then(
      () => undefined,
      (error: ConnectionError) => error,
    );
    await eventually(() => expect(server.requests).toHaveLength(requests));
    jest.advanceTimersByTime(ms);
    return failed;
  };

  test('ends a request without an answer', async () => {
    const kube = await start(inTurn(silence), { requestTimeoutMs: 50 });
    expect(await failureOf(kube.get(configMaps, ref), 1, 50)).toMatchObject({
      exitCode: 4,
      message: `fake: no answer from ${server.url} within 0.05 s`,
    });
  });

  test("is the request's own where it names one", async () => {
    const kube = await start(inTurn(silence));
    const failure = await failureOf(kube.get(configMaps, ref, { timeoutMs: 30 }), 1, 30);
    expect(failure?.message).toContain('within 0.03 s');
  });

  test('is said to be changed by an option only where it is the one of that option', async () => {
    const kube = await start(inTurn(silence), { requestTimeoutMs: 30 });
    const hint = async (call: Promise<unknown>, requests: number) =>
      (await failureOf(call, requests, 30))?.hint;
    expect(await hint(kube.get(configMaps, ref), 1)).toContain('--request-timeout');
    const short = kube.get(configMaps, ref, { timeoutMs: 20 });
    expect(await hint(short, 2)).not.toContain('--request-timeout');
    const late = kube.apply(configMaps, object, { fieldManager: 'm', notAfterMs: 20 });
    expect(await hint(late, 3)).not.toContain('--request-timeout');
  });

  test('does not end an answer that is on its way', async () => {
    const slow = async (response: ServerResponse) => {
      response.writeHead(200);
      for (const part of ['{"metadata"', ':{"na', 'me":"', 'x"}}']) {
        response.write(part);
        await server.delivered();
        jest.advanceTimersByTime(100);
      }
      response.end();
    };
    const kube = await start(inTurn(slow), { requestTimeoutMs: 150 });
    expect(await kube.get(configMaps, ref)).toEqual({ metadata: { name: 'x' } });
  });

  test('ends an answer that stops halfway', async () => {
    const stalled = async (response: ServerResponse) => {
      response.writeHead(200).write('{"metadata"');
      await server.delivered();
      jest.advanceTimersByTime(200);
    };
    const kube = await start(inTurn(stalled), { requestTimeoutMs: 200 });
    await expect(kube.get(configMaps, ref)).rejects.toThrow('it stopped in the middle of its answer');
  });
});

describe('a server that was never heard of and does not answer', () => {
  let timeouts: Disposable;
  beforeEach(() => {
    timeouts = fakeTimeouts();
  });
  afterEach(() => timeouts[Symbol.dispose]());

  /** A client, its warnings so far, and requests that wait until they are given up. */
  async function stage(answer: Answer, requestTimeoutMs: number) {
    const [warnings, control]: [string[], AbortController] = [[], new AbortController()];
    const kube = await start(answer, { requestTimeoutMs, onWarning: (text) => warnings.push(text) });
    const asked: Promise<unknown>[] = [];
    const ask = async () => {
      asked.push(kube.get(configMaps, ref, { signal: control.signal }).catch(() => undefined));
      await eventually(() => expect(server.requests).toHaveLength(asked.length));
    };
    const end = async () => {
      control.abort();
      await Promise.all(asked);
    };
    return { warnings, ask, end, asked };
  }

  test('is told once, four seconds after a request, while it is waited for', async () => {
    const { warnings, ask, end } = await stage(inTurn(silence), 20_000);
    await ask();
    await ask();
    jest.advanceTimersByTime(3_999);
    expect(warnings).toEqual([]);
    jest.advanceTimersByTime(1);
    const words = [`fake: no answer from ${server.url} yet; waiting for 20 s`];
    expect(warnings).toEqual(words);
    await ask();
    jest.advanceTimersByTime(10_000);
    expect(warnings).toEqual(words);
    await end();
  });

  test('is not told of where the limit ends sooner', async () => {
    const { warnings, ask, end } = await stage(inTurn(silence), 4_000);
    await ask();
    jest.advanceTimersByTime(10_000);
    await end();
    expect(warnings).toEqual([]);
  });

  test('is not told of once it has answered something', async () => {
    const { warnings, ask, end, asked } = await stage(inTurn(silence, ok, silence), 20_000);
    await ask();
    await ask();
    await asked[1];
    await ask();
    jest.advanceTimersByTime(10_000);
    await end();
    expect(warnings).toEqual([]);
  });
});

describe('the signal', () => {
  test('ends a request with its own reason', async () => {
    const kube = await start(inTurn(silence));
    const reason = new Error('enough');
    const control = new AbortController();
    const asked = kube.get(configMaps, ref, { signal: control.signal });
    await eventually(() => expect(server.requests).toHaveLength(1));
    control.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect(kube.get(configMaps, ref, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  test('ends a stream', async () => {
    const kube = await start((_, response) => void response.writeHead(200).write('some bytes'));
    const control = new AbortController();
    const stream = await kube.stream({ method: 'GET', path: '/log', signal: control.signal });
    const read = async () => {
      for await (const chunk of stream) if (chunk.length > 0) control.abort(new Error('enough'));
    };
    await expect(read()).rejects.toThrow('enough');
  });
});

test('credentials that are rejected are renewed, once, and the request is sent again', async () => {
  const needs: Answer = ({ headers }, response) => {
    if (headers.authorization === 'Bearer new') ok(response);
    else sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
  };
  const kube = await start(needs, { tokens: ['old', 'new'] });
  await Promise.all([1, 2, 3].map(() => kube.create(configMaps, object)));
  expect(server.requests.filter(({ headers }) => headers.authorization === 'Bearer old')).toHaveLength(3);
  expect(server.requests).toHaveLength(6);
});

test('more requests than connections are all answered, and watches take none of these', async () => {
  const open: ServerResponse[] = [];
  let [most, waiting] = [0, 100];
  const kube = await start(async ({ path }, response) => {
    if (path === '/watch') return void response.writeHead(200).write('\n');
    most = Math.max(most, open.push(response));
    waiting -= 1;
    if (open.length < 32 && waiting > 0) return;
    // Time for one more than there should be.
    await settle();
    for (const one of open.splice(0)) ok(one);
  });
  const watches = Array.from({ length: 40 }, () => kube.stream({ method: 'GET', path: '/watch' }));
  await Promise.all(watches);
  await Promise.all(Array.from({ length: 100 }, () => kube.get(configMaps, ref)));
  expect(most).toBe(32);
});

test('a request after close fails', async () => {
  const kube = await start(inTurn(ok));
  await kube.get(configMaps, ref);
  await kube.close();
  await expect(kube.get(configMaps, ref)).rejects.toThrow('this client was closed');
});
