import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { nextTurn } from '../../../../../src/async/next-turn.ts';
import type { LogOptions } from '../../../../../src/kube/streams/logs.ts';
import { followLogs } from '../../../../../src/kube/streams/logs.ts';
import { eventually } from '../../../../support/eventually.ts';
import {
  type FakeApiServer,
  type FakeOptions,
  type FakeRequest,
  fakeApiServer,
  sendJson,
  sendStatus,
} from '../../../support/fake-api-server.ts';
import { hastyClock } from '../../../support/fake-clock.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

let server: FakeApiServer;
afterEach(() => server.close());

type State = Record<string, unknown> | 'gone';
const running = { running: {} };
const ended = { terminated: { exitCode: 0 } };
const stamp = (seconds: number, nanos = 0) =>
  `2026-01-01T00:00:${String(seconds).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z`;
const line = (seconds: number, text: string, nanos = 0) => `${stamp(seconds, nanos)} ${text}\n`;

interface Script {
  /** What each opening of the log gives, in turn; the last one again and again. */
  readonly logs: readonly ((response: ServerResponse, request: FakeRequest) => void)[];
  /** The container's state at each look, in turn. */
  readonly states?: readonly State[];
  readonly uids?: readonly string[];
}

/** A server with one pod, whose log and state go by a script. */
async function play({ logs, states = [running], uids = ['u'] }: Script, options?: FakeOptions) {
  let opened = 0;
  let looked = 0;
  const at = <T>(list: readonly T[], index: number) => list[Math.min(index, list.length - 1)] as T;
  server = await fakeApiServer((request, response) => {
    if (request.path.endsWith('/log')) {
      response.writeHead(200);
      response.flushHeaders();
      at(logs, opened++)(response, request);
      return;
    }
    const state = at(states, looked);
    const uid = at(uids, looked++);
    if (state === 'gone') return sendStatus(response, 404, 'NotFound', 'pods "p" not found');
    const containerStatuses = [{ name: 'c', state }];
    sendJson(response, { metadata: { name: 'p', namespace: 'n', uid }, status: { containerStatuses } });
  }, options);
  return server;
}

/** A whole log, as the kubelet gives it: without the lines from before `sinceTime`. */
const send =
  (text: string) =>
  (response: ServerResponse, { query }: FakeRequest) => {
    const since = (query.sinceTime ?? '').slice(0, 19);
    const lines = text.split(/(?<=\n)/).filter((each) => each.slice(0, 19) >= since);
    response.end(lines.join(''));
  };
const breakAfter = (text: string) => (response: ServerResponse) =>
  void response.write(text, () => response.destroy());

async function read(options: Partial<LogOptions> = {}): Promise<string[]> {
  const lines: string[] = [];
  const place = { namespace: 'n', pod: 'p', container: 'c' };
  for await (const text of followLogs(server.kube, { ...place, ...options })) lines.push(text);
  return lines;
}
const logQueries = () =>
  server.requests.filter(({ path }) => path.endsWith('/log')).map(({ query }) => query);

describe('a log that is only read', () => {
  test('is its lines without their times, empty ones too', async () => {
    await play({ logs: [send(line(1, 'a') + line(2, '') + line(3, 'b  c'))] });
    await expect(read({ tailLines: 5 })).resolves.toEqual(['a', '', 'b  c']);
    expect(logQueries()).toEqual([{ container: 'c', timestamps: 'true', tailLines: '5' }]);
  });

  test('has its last line without a line feed', async () => {
    await play({ logs: [send(`${line(1, 'a')}${stamp(2)} half`)] });
    await expect(read()).resolves.toEqual(['a', 'half']);
  });

  test('has letters of several bytes whole, wherever the network cuts them', async () => {
    const bytes = Buffer.from(line(1, 'ä€😀'));
    await play({
      logs: [
        async (response) => {
          for (const byte of bytes) {
            await new Promise((resolve) => response.write(Buffer.from([byte]), resolve));
            await nextTurn();
          }
          response.end();
        },
      ],
    });
    await expect(read()).resolves.toEqual(['ä€😀']);
  });

  test('has long lines cut', async () => {
    await play({ logs: [send(line(1, 'x'.repeat(100_000)) + line(2, 'b'))] });
    const [first = '', second] = await read({ maxLineBytes: 1_000 });
    expect(first).toMatch(/^x+…$/);
    expect(first.length).toBe(1_000 - stamp(1).length);
    expect(second).toBe('b');
  });
});

describe('a followed log', () => {
  test('ends once the container has, after one more reading', async () => {
    await play({
      logs: [send(line(1, 'a')), send(line(1, 'a') + line(2, 'last words'))],
      states: [running, ended],
    });
    await expect(read({ follow: true })).resolves.toEqual(['a', 'last words']);
    expect(logQueries().map(({ follow }) => follow)).toEqual(['true', undefined]);
  });

  test('goes on where its connection breaks, and gives no line twice', async () => {
    await play({
      logs: [
        breakAfter(line(10, 'a') + line(10, 'same time') + line(10, 'same time') + stamp(11)),
        send(line(10, 'a') + line(10, 'same time') + line(10, 'same time') + line(11, 'b') + line(12, 'c')),
      ],
      states: [running, running, ended],
    });
    await expect(read({ follow: true })).resolves.toEqual(['a', 'same time', 'same time', 'b', 'c']);
    expect(logQueries()[1]).toMatchObject({ sinceTime: '2026-01-01T00:00:09.000Z' });
  });

  test('leaves out no line that was stamped a little earlier than one before it', async () => {
    await play({
      logs: [
        breakAfter(line(1, 'start') + line(10, 'stdout', 5)),
        send(line(10, 'stdout', 5) + line(10, 'stderr', 4)),
      ],
      states: [running, ended],
    });
    await expect(read({ follow: true })).resolves.toEqual(['start', 'stdout', 'stderr']);
  });

  test('asks for no line from before the first reading', async () => {
    await play({
      logs: [breakAfter(line(10, 'tail')), send(line(9, 'older') + line(10, 'tail') + line(10, 'new', 1))],
      states: [running, ended],
    });
    await expect(read({ follow: true, tailLines: 1 })).resolves.toEqual(['tail', 'new']);
  });

  test('is told from the start again where it was rotated away meanwhile', async () => {
    await play({ logs: [breakAfter(line(10, 'old')), send(line(10, 'new', 7))], states: [running, ended] });
    await expect(read({ follow: true })).resolves.toEqual(['old', 'new']);
  });

  test('is opened anew where it says nothing for long', async () => {
    using _ = fakeTimeouts();
    await play({
      logs: [() => {}, send(line(1, 'a'))],
      states: [running, ended],
    });
    const reading = read({ follow: true, idleMs: 50 });
    await eventually(() => expect(logQueries()).toHaveLength(1));
    jest.advanceTimersByTime(50);
    await expect(reading).resolves.toEqual(['a']);
  });

  test('ends with its pod', async () => {
    await play({ logs: [breakAfter(line(1, 'a'))], states: [running, 'gone'] });
    await expect(read({ follow: true })).resolves.toEqual(['a']);
  });

  test('ends where another pod has taken the name', async () => {
    await play({ logs: [breakAfter(line(1, 'a'))], uids: ['u', 'v'] });
    await expect(read({ follow: true })).resolves.toEqual(['a']);
  });

  test('gives up after its patience, with what went wrong', async () => {
    const clock = hastyClock();
    await play({ logs: [breakAfter(line(1, 'a'))] }, { clock });
    const reading = read({ follow: true, patienceMs: 60_000, clock });
    await eventually(() => expect(server.requests).not.toEqual([]));
    await server.stop();
    await expect(reading).rejects.toMatchObject({ name: 'UnreachableError' });
  });

  test('ends with the reason of its signal', async () => {
    await play({ logs: [() => {}] });
    const controller = new AbortController();
    const reading = read({ follow: true, signal: controller.signal });
    reading.catch(() => {});
    await eventually(() => expect(logQueries()).toHaveLength(1));
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

test('a log that can not be had is an error', async () => {
  server = await fakeApiServer((_, response) =>
    sendStatus(
      response,
      400,
      'BadRequest',
      'container "c" in pod "p" is waiting to start: ContainerCreating',
    ),
  );
  await expect(read({ follow: true })).rejects.toMatchObject({
    code: 400,
    message: expect.stringMatching(/waiting to start/),
  });
});
