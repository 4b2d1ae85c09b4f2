/** The whole service beside a fake cluster that keeps the state: what its options open and refuse. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Informers } from '../../../../../plugins/nsreplicate/cache/informers.ts';
import {
  type ServiceFlags,
  type Serving,
  serve,
} from '../../../../../plugins/nsreplicate/commands/base/service.ts';
import { parseListen } from '../../../../../plugins/nsreplicate/server/http/address.ts';
import { type ServiceOptions, startService } from '../../../../../plugins/nsreplicate/server/service.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';
import { type Clock, systemClock } from '../../../../../src/clock.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import { eventually } from '../../../../support/eventually.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function start(listen: string, options: Partial<ServiceOptions> = {}, state = fakeKube()) {
  const ended = new AbortController();
  const service = await startService({
    ...{ listen: parseListen(listen), tls: undefined, insecure: false, openMetrics: false, state },
    ...{ tasks: () => [], watchRestarts: () => new Map(), version: '1.2.3', commit: 'abc' },
    ...{ clock: systemClock, signal: ended.signal, warn: () => undefined },
    ...options,
  });
  opened.push(async () => {
    ended.abort();
    await service.close();
    await state.close();
  });
  return service;
}

const ask = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, text };
};

describe('listening beyond this machine', () => {
  test.each([':0', '0.0.0.0:0', '[::]:0'])('on %s is refused without TLS', async (listen) => {
    await expect(start(listen)).rejects.toThrow(RefusedError);
  });
});

describe('flags of a command', () => {
  const byFlags = async (
    flags: Partial<ServiceFlags>,
    watchRestarts: Serving['watchRestarts'] = () => new Map(),
  ) => {
    const ended = new AbortController();
    const state = fakeKube();
    opened.push(async () => {
      ended.abort();
      await state.close();
    });
    const reporter = { info: () => undefined, warn: () => undefined };
    const plugin = { version: '1.2.3', commit: 'abc' };
    const context = { plugin, clock: systemClock, signal: ended.signal, reporter };
    const none = {
      tlsCert: undefined,
      tlsKey: undefined,
      insecureListen: false,
      metricsAuth: 'token',
    } as const;
    const service = await serve(
      { listen: '127.0.0.1:0', ...none, ...flags },
      { state, tasks: () => [], watchRestarts },
      context as unknown as KubeCommandContext,
    );
    opened.unshift(async () => service?.close());
    return service?.url;
  };

  test.each([
    ['none', 200],
    ['token', 401],
  ] as const)('--metrics-auth %s: without a token the metrics are %d', async (metricsAuth, status) => {
    const url = await byFlags({ metricsAuth });
    const metrics = await ask(`${url}/metrics`);
    expect(metrics.status).toBe(status);
    expect(metrics.text.includes('nsreplicate_build_info{version="1.2.3"')).toBe(metricsAuth === 'none');
    // Nothing else is opened with them.
    expect((await ask(`${url}/api/tasks`)).status).toBe(401);
  });

  test('metrics count the watches of a cluster that broke off and began again, and no others', async () => {
    const clock = fakeClock();
    const ended = new AbortController();
    const [prod, calm] = [fakeKube(undefined, { context: 'prod' }), fakeKube(undefined, { context: 'calm' })];
    const informers = new Informers(clock);
    for (const kube of [prod, calm])
      for (const metadataOnly of [false, true]) {
        const handler = { page: () => undefined, synced: () => undefined, event: () => undefined };
        const scope = { kube, resource: configMaps, metadataOnly, watch: true };
        await informers.follow(scope, handler, ended.signal);
      }
    const url = await byFlags({ metricsAuth: 'none' }, () => informers.restarts);
    const told = async () =>
      (await ask(`${url}/metrics`)).text.match(/^nsreplicate_watch_restarts.*/gm) ?? [];
    // A server that closes a watch in good order breaks nothing off.
    await clock.advance(30_000);
    prod.objects.cutWatches();
    await clock.advance(30_000);
    expect(await told()).toEqual([]);
    for (const count of [2, 4]) {
      // However often it is tried in vain, each of the two watches broke off once.
      prod.objects.cutWatches();
      prod.before = () => {
        throw apiError(503, 'restarting');
      };
      await clock.advance(60_000);
      prod.before = () => undefined;
      await clock.advance(60_000);
      expect(await told()).toEqual([`nsreplicate_watch_restarts_total{cluster="prod"} ${count}`]);
    }
    ended.abort();
    await Promise.all([prod.close(), calm.close()]);
  });

  test('that would listen beyond this machine in the clear are refused, with exit code 3', async () => {
    await expect(byFlags({ listen: ':0' })).rejects.toMatchObject({ exitCode: 3 });
    const url = new URL((await byFlags({ listen: '0.0.0.0:0', insecureListen: true })) ?? '');
    expect((await ask(`http://127.0.0.1:${url.port}/healthz`)).status).toBe(200);
  });
});

describe('a service that has no user', () => {
  const hint = 'kubectl nsreplicate users add NAME --role admin';

  test('says how the first is made, to whoever signs in or asks without a token', async () => {
    const { url } = await start('127.0.0.1:0');
    const signIn = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ username: 'ann', password: 'a good password' });
    const answers = [await ask(`${url}/api/login`, { ...signIn, body }), await ask(`${url}/api/tasks`)];
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    for (const { text } of answers) expect(text).toContain(hint);
  });
});

test('a service that can read the state is ready; one that can not says so, and says nothing of its servers to anybody', async () => {
  const state = fakeKube();
  state.before = () => {
    throw new Error('https://inner.example:6443 is not reachable');
  };
  const able = await start('127.0.0.1:0');
  await able.listed;
  expect((await ask(`${able.url}/readyz`)).status).toBe(200);
  const { url } = await start('127.0.0.1:0', {}, state);
  const ready = await ask(`${url}/readyz`);
  expect([ready.status, (await ask(`${url}/healthz`)).status]).toEqual([503, 200]);
  expect(JSON.parse(ready.text)).toMatchObject({ status: 503, detail: expect.any(String) });
  expect(ready.text).not.toContain('inner.example');
});

test('what fails beside the requests is said and begun anew; the service and its process go on', async () => {
  const said: string[] = [];
  let isBroken = true;
  let taken = 0;
  const clock: Clock = {
    ...hastyClock(),
    // The history of lag alone asks what time it is.
    now: () => {
      if (isBroken) throw new Error('no time');
      taken++;
      return new Date(0);
    },
  };
  const { url, listed } = await start('127.0.0.1:0', { clock, warn: (text) => said.push(text) });
  await listed;
  await eventually(async () => expect(said[0]).toBe('the service failed at the history of lag: no time'));
  expect((await ask(`${url}/readyz`)).status).toBe(200);
  isBroken = false;
  await eventually(async () => expect(taken).toBeGreaterThan(1));
});
