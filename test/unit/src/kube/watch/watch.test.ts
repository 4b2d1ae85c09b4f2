import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../../../src/clock.ts';
import type { ConfigMap } from '../../../../../src/kube/api/objects.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import { listWatch, type WatchHandler, type WatchOptions } from '../../../../../src/kube/watch/watch.ts';
import {
  type Answer,
  type FakeApiServer,
  type FakeOptions,
  type FakeRequest,
  fakeApiServer,
  sendJson,
  sendStatus,
  statusBody,
} from '../../../support/fake-api-server.ts';
import { hastyClock, settle } from '../../../support/fake-clock.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

const object = (name: string, resourceVersion: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', resourceVersion },
});

const list = (resourceVersion: string, ...names: string[]) => ({
  kind: 'ConfigMapList',
  metadata: { resourceVersion },
  items: names.map((name) => ({ metadata: { name, resourceVersion } })),
});

const line = (type: string, body: unknown) => `${JSON.stringify({ type, object: body })}\n`;

type Script = (request: FakeRequest, response: ServerResponse) => void;

/** What a watch told, in order, as short words; `until` resolves when one of them was told. */
function recorder() {
  const told: string[] = [];
  const waiting: { word: string; resolve: () => void }[] = [];
  const tell = (word: string) => {
    told.push(word);
    for (const waiter of waiting) if (waiter.word === word) waiter.resolve();
  };
  const handler: WatchHandler<ConfigMap> = {
    replaced: (items, version) => tell(`replaced ${version}: ${items.map((i) => i.metadata.name)}`),
    event: (type, { metadata }) => tell(`${type} ${metadata.name} ${metadata.resourceVersion}`),
    bookmark: (version) => tell(`bookmark ${version}`),
    disconnected: (error) => tell(`disconnected: ${error.message.replace(/http:[^ ]*\d/, 'URL')}`),
  };
  const until = (word: string) =>
    new Promise<void>((resolve) => {
      if (told.includes(word)) resolve();
      else waiting.push({ word, resolve });
    });
  return { told, handler, until };
}

let server: FakeApiServer | undefined;
let stop = new AbortController();

afterEach(async () => {
  stop.abort(new Error('test over'));
  stop = new AbortController();
  await server?.close();
});

/** Lists and watches are answered by their scripts in turn; the last one for all that follow. */
function scripted(lists: Script[], watches: Script[]): Answer {
  let [listed, watched] = [0, 0];
  return (request, response) => {
    const script =
      request.query.watch === 'true'
        ? watches[Math.min(watched++, watches.length - 1)]
        : lists[Math.min(listed++, lists.length - 1)];
    if (script) return script(request, response);
    sendStatus(response, 500, 'InternalError', 'the test has no answer for this');
  };
}

const answer =
  (body: unknown): Script =>
  (_, response) =>
    sendJson(response, body);
const say =
  (...lines: string[]): Script =>
  (_, response) =>
    void response.writeHead(200).end(lines.join(''));
const sayAndStay =
  (...lines: string[]): Script =>
  (_, response) =>
    void response.writeHead(200).write(lines.join('') || '\n');

async function start(
  lists: Script[],
  watches: Script[],
  options: WatchOptions = { namespace: 'n' },
  fake: FakeOptions = {},
) {
  server = await fakeApiServer(scripted(lists, watches), fake);
  const record = recorder();
  const running = listWatch(server.kube, configMaps, options, record.handler, stop.signal);
  running.catch(() => {});
  return { ...record, running, requests: server.requests };
}

const watchesOf = (requests: readonly FakeRequest[]) => requests.filter(({ query }) => query.watch);

describe('listWatch', () => {
  test('lists, then watches from the list on, with bookmarks and a limit of 5–10 minutes', async () => {
    const { told, until, requests } = await start(
      [answer(list('7', 'a', 'b'))],
      [sayAndStay(line('ADDED', object('c', '8')), line('DELETED', object('a', '9')))],
    );
    await until('DELETED a 9');
    expect(told).toEqual(['replaced 7: a,b', 'ADDED c 8', 'DELETED a 9']);
    const [first] = watchesOf(requests);
    expect(first?.query).toMatchObject({ allowWatchBookmarks: 'true', resourceVersion: '7' });
    const seconds = Number(first?.query.timeoutSeconds);
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThan(600);
  });

  test('goes on from the last event or bookmark after the server closed the watch', async () => {
    const bookmark = object('', '30');
    const { told, until, requests } = await start(
      [answer(list('7')), answer(list('31'))],
      [
        say(line('ADDED', object('a', '8')), line('BOOKMARK', bookmark)),
        sayAndStay(line('ADDED', object('b', '31'))),
      ],
    );
    await until('ADDED b 31');
    expect(told).toEqual(['replaced 7: ', 'ADDED a 8', 'bookmark 30', 'ADDED b 31']);
    expect(watchesOf(requests).map(({ query }) => query.resourceVersion)).toEqual(['7', '30']);
  });

  test('puts events together that arrive in pieces, also within a character', async () => {
    const bytes = Buffer.from(line('ADDED', object('größe', '8')) + line('ADDED', object('b', '9')));
    const inPieces: Script = async (_, response) => {
      response.writeHead(200);
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7));
        await new Promise(setImmediate);
      }
    };
    const { told, until } = await start([answer(list('7'))], [inPieces]);
    await until('ADDED b 9');
    expect(told).toEqual(['replaced 7: ', 'ADDED größe 8', 'ADDED b 9']);
  });

  test('carries an object of 1.5 MiB', async () => {
    const big = { ...object('big', '8'), data: { x: 'ä'.repeat(786_432) } };
    const { told, until } = await start([answer(list('7'))], [sayAndStay(line('ADDED', big))]);
    await until('ADDED big 8');
    expect(told).toHaveLength(2);
  });

  test.each([
    ['an answer', (_: FakeRequest, r: ServerResponse) => sendStatus(r, 410, 'Expired', 'too old')],
    ['an event', say(line('ERROR', statusBody(410, 'Expired', 'too old resource version')))],
  ])('lists anew when its resource version is too old, said by %s', async (_, expired) => {
    const { told, until, requests } = await start(
      [answer(list('7', 'a')), answer(list('50', 'b'))],
      [expired, sayAndStay(line('ADDED', object('c', '51')))],
    );
    await until('ADDED c 51');
    expect(told).toEqual(['replaced 7: a', 'replaced 50: b', 'ADDED c 51']);
    expect(watchesOf(requests).at(-1)?.query.resourceVersion).toBe('50');
  });

  test('goes on after a cut in the middle of an event, which is told once', async () => {
    const half = line('ADDED', object('b', '9')).slice(0, 20);
    const cut: Script = (_, response) => {
      response.writeHead(200).write(line('ADDED', object('a', '8')) + half, () => response.destroy());
    };
    const { told, until } = await start(
      [answer(list('7')), answer(list('8'))],
      [cut, sayAndStay(line('ADDED', object('b', '9')))],
    );
    await until('ADDED b 9');
    expect(told).toEqual([
      'replaced 7: ',
      'ADDED a 8',
      'disconnected: fake: no answer from URL: the connection was lost',
      'ADDED b 9',
    ]);
  });

  test.each([
    ['a cut', (response: ServerResponse) => response.destroy()],
    ['an end in good order', (response: ServerResponse) => response.end()],
  ])('lists anew when the server comes back with an older store, after %s', async (_, end) => {
    const ending: Script = (_, response) => {
      response.writeHead(200).write(line('ADDED', object('a', '80')), () => end(response));
    };
    const { told, until } = await start(
      [answer(list('70')), answer(list('12', 'old'))],
      [ending, sayAndStay()],
    );
    await until('replaced 12: old');
    expect(told.filter((word) => word.startsWith('replaced'))).toEqual(['replaced 70: ', 'replaced 12: old']);
  });

  test('survives a server that is away for a while', async () => {
    let pauses = 0;
    const sleep = async () => {
      if (++pauses === 3) await server?.restart();
    };
    const { told, until } = await start(
      [answer(list('7')), answer(list('8'))],
      [sayAndStay(line('ADDED', object('a', '8'))), sayAndStay(line('ADDED', object('b', '9')))],
      { namespace: 'n' },
      { clock: { ...systemClock, sleep } },
    );
    await until('ADDED a 8');
    await server?.stop();
    await until('ADDED b 9');
    expect(pauses).toBe(3);
    expect(told.at(-1)).toBe('ADDED b 9');
  });

  test('takes a silent connection for dead', async () => {
    using _ = fakeTimeouts();
    const { told, until } = await start(
      [answer(list('7'))],
      [sayAndStay(line('ADDED', object('a', '8'))), sayAndStay(line('ADDED', object('b', '9')))],
      { namespace: 'n', inactivityMs: 60_000, clock: hastyClock() },
    );
    await until('ADDED a 8');
    await server?.delivered();
    jest.advanceTimersByTime(60_000);
    await until('ADDED b 9');
    expect(told).toContain('disconnected: fake: no word on the watch for 60 s');
  });

  test('rejects when it is forbidden from the start', async () => {
    const denied: Script = (_, response) => sendStatus(response, 403, 'Forbidden', 'no');
    const { running } = await start([denied], []);
    await expect(running).rejects.toMatchObject({ code: 403, exitCode: 4 });
  });

  test('waits for its rights to come back once it had worked', async () => {
    const denied: Script = (_, response) => sendStatus(response, 403, 'Forbidden', 'no longer');
    const { told, until } = await start(
      [answer(list('7')), denied, answer(list('8'))],
      [sayAndStayThenCut(), sayAndStay(line('ADDED', object('a', '8')))],
      { namespace: 'n', clock: hastyClock() },
    );
    await until('ADDED a 8');
    expect(told).toContain('disconnected: fake: configmaps in namespace "n": no longer');
  });

  test('starts exactly after a resource version, without a list', async () => {
    const { told, until, requests } = await start(
      [answer(list('99'))],
      [sayAndStay(line('ADDED', object('a', '43')))],
      { namespace: 'n', resourceVersion: '42' },
    );
    await until('ADDED a 43');
    expect(told).toEqual(['ADDED a 43']);
    expect(watchesOf(requests)[0]?.query.resourceVersion).toBe('42');
  });

  test('ends with what a handler throws', async () => {
    server = await fakeApiServer(scripted([answer(list('7', 'a'))], [sayAndStay()]));
    const handler = {
      replaced: () => {
        throw new RangeError('enough');
      },
      event: () => {},
    };
    const running = listWatch(server.kube, configMaps, { namespace: 'n' }, handler, stop.signal);
    await expect(running).rejects.toThrow(RangeError);
  });

  test("ends with the signal's reason and leaves no connection", async () => {
    const closed = Promise.withResolvers<void>();
    const watched: Script = (_, response) => {
      response.writeHead(200).write(line('ADDED', object('a', '8')));
      response.on('close', () => closed.resolve());
    };
    const { until, running } = await start([answer(list('7'))], [watched]);
    await until('ADDED a 8');
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await closed.promise;
  });

  test('holds further events back until the handler has settled', async () => {
    const both = sayAndStay(line('ADDED', object('a', '8')), line('ADDED', object('b', '9')));
    server = await fakeApiServer(scripted([answer(list('7'))], [both]));
    const [order, done] = [[] as string[], Promise.withResolvers<void>()];
    const handler = {
      replaced: () => {},
      event: async (_: string, { metadata }: ConfigMap) => {
        order.push(`begin ${metadata.name}`);
        await settle();
        order.push(`end ${metadata.name}`);
        if (metadata.name === 'b') done.resolve();
      },
    };
    listWatch(server.kube, configMaps, { namespace: 'n' }, handler, stop.signal).catch(() => {});
    await done.promise;
    expect(order).toEqual(['begin a', 'end a', 'begin b', 'end b']);
  });

  test('of metadata only asks for it and drops the rest', async () => {
    const full = { ...object('a', '8'), data: { secret: 'x' } };
    server = await fakeApiServer(scripted([answer(list('7'))], [sayAndStay(line('ADDED', full))]));
    const got = Promise.withResolvers<ConfigMap>();
    const handler = { replaced: () => {}, event: (_: string, item: ConfigMap) => got.resolve(item) };
    const options = { namespace: 'n', metadataOnly: true };
    listWatch(server.kube, configMaps, options, handler, stop.signal).catch(() => {});
    expect(await got.promise).toEqual(object('a', '8'));
    expect(server.requests[0]?.headers.accept).toMatch(/as=PartialObjectMetadataList/);
    expect(server.requests[1]?.headers.accept).toMatch(/as=PartialObjectMetadata;/);
  });
});

function sayAndStayThenCut(): Script {
  return (_, response) => {
    response.writeHead(200).write('\n', () => response.destroy());
  };
}
