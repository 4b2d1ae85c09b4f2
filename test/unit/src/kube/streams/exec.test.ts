import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { UnreachableError } from '../../../../../src/errors.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import { attach } from '../../../../../src/kube/streams/attach.ts';
import { ExecError, exec, execOutput } from '../../../../../src/kube/streams/exec.ts';
import { standingStill } from '../../../../support/eventually.ts';
import {
  type FakeStreamOptions,
  type FakeStreamServer,
  fakeStreamServer,
} from '../../../support/fake-streams.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

let server: FakeStreamServer;
afterEach(() => server.close());

const place = { namespace: 'n', pod: 'p', container: 'c' };
const succeeded = JSON.stringify({ metadata: {}, status: 'Success' });
const failedWith = (code: number) =>
  JSON.stringify({
    status: 'Failure',
    message: `command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
const say = (socket: WebSocket, channel: number, text: string | Buffer) =>
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
const end = (socket: WebSocket, status: string) => {
  say(socket, 3, status);
  socket.close(1000);
};
async function serve(how: (socket: WebSocket) => void, options?: FakeStreamOptions) {
  server = await fakeStreamServer(how, options);
  return server.kube;
}

describe('what is asked for', () => {
  test('is the path of the pod, the command word by word, and the streams', async () => {
    const kube = await serve((socket) => end(socket, succeeded));
    await execOutput(kube, { ...place, command: ['sh', '-c', 'a b & c'] });
    const { pathname, searchParams } = new URL(server.requests[0]?.url ?? '', 'http://x');
    expect(pathname).toBe('/api/v1/namespaces/n/pods/p/exec');
    expect(searchParams.getAll('command')).toEqual(['sh', '-c', 'a b & c']);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      container: 'c',
      stdin: 'false',
      stdout: 'true',
      stderr: 'true',
      tty: 'false',
    });
  });

  test('is attach for attach, without stderr on a terminal', async () => {
    const kube = await serve((socket) => end(socket, succeeded));
    const session = await attach(kube, { ...place, tty: true });
    await session.exit;
    expect(server.requests[0]?.url).toBe(
      '/api/v1/namespaces/n/pods/p/attach?stdin=false&stdout=true&stderr=false&tty=true&container=c',
    );
  });
});

describe('the end of a command', () => {
  test('is its exit code', async () => {
    const kube = await serve((socket) => end(socket, failedWith(3)));
    const session = await exec(kube, { ...place, command: ['x'] });
    session.stdout.resume();
    await expect(session.exit).resolves.toEqual({
      code: 3,
      reason: 'command terminated with exit code 3',
    });
  });

  test('has no code where it did not start', async () => {
    const kube = await serve((socket) =>
      end(socket, JSON.stringify({ status: 'Failure', message: 'no such file' })),
    );
    const error = await execOutput(kube, { ...place, command: ['x'] }).catch((e) => e);
    expect(error).toBeInstanceOf(ExecError);
    expect(error).toMatchObject({
      code: undefined,
      message: 'fake: x in pods "p" in namespace "n": no such file',
    });
  });

  test('is told with the last words of stderr', async () => {
    const kube = await serve((socket) => {
      say(socket, 2, 'first\nlast\n');
      end(socket, failedWith(1));
    });
    await expect(execOutput(kube, { ...place, command: ['x'] })).rejects.toMatchObject({
      code: 1,
      message: expect.stringMatching(/: last$/),
      details: ['first', 'last'],
    });
  });

  test('comes after everything that it said', async () => {
    const kube = await serve((socket) => {
      say(socket, 1, '');
      for (let i = 0; i < 1000; i++) say(socket, 1, `${i}\n`);
      end(socket, succeeded);
    });
    const output = await execOutput(kube, { ...place, command: ['x'] });
    expect(output.split('\n').slice(-3)).toEqual(['998', '999', '']);
    expect(output.length).toBe(3890);
  });

  test('is refused where it says more than was bargained for', async () => {
    const kube = await serve((socket) => {
      say(socket, 1, 'x'.repeat(11));
      end(socket, succeeded);
    });
    await expect(execOutput(kube, { ...place, command: ['x'], limit: 10 })).rejects.toThrow(
      /more than 10 bytes/,
    );
  });
});

describe('stdin', () => {
  test('arrives whole, in messages of a bounded size, and its end is told', async () => {
    const received: Buffer[] = [];
    let largest = 0;
    const kube = await serve((socket) =>
      socket.on('message', (data: Buffer) => {
        largest = Math.max(largest, data.length);
        if (data[0] === 0) received.push(data.subarray(1));
        if (data[0] === 255 && data[1] === 0) end(socket, succeeded);
      }),
    );
    const session = await exec(kube, { ...place, command: ['cat'] });
    session.stdout.resume();
    session.stdin.write('a');
    session.stdin.end(Buffer.alloc(1_000_000, 7));
    await expect(session.exit).resolves.toMatchObject({ code: 0 });
    expect(
      Buffer.concat(received).equals(Buffer.concat([Buffer.from('a'), Buffer.alloc(1_000_000, 7)])),
    ).toBe(true);
    expect(largest).toBeLessThanOrEqual(128 * 1024 + 1);
  });

  test('can not be ended where the server speaks v4 only, and that is said', async () => {
    const kube = await serve(() => {}, { protocols: ['v4.channel.k8s.io'] });
    const session = await exec(kube, { ...place, command: ['cat'] });
    session.stdin.end('x');
    const [error] = await once(session.stdin, 'error');
    expect(error.message).toMatch(/older than 1\.30/);
    session.close();
  });

  test('makes the writer wait while the other side does not read', async () => {
    const kube = await serve((socket) => socket.pause());
    const session = await exec(kube, { ...place, command: ['cat'] });
    let sent = 0;
    const block = Buffer.alloc(1 << 20);
    const write = async () => {
      for (; sent < 100; sent++) if (!session.stdin.write(block)) await once(session.stdin, 'drain');
    };
    // What cannot be written goes with the connection.
    write().catch(() => {});
    await standingStill(() => sent);
    // What the kernel's own buffers take is its affair; a hundred MiB it is not.
    expect(sent).toBeLessThan(50);
    session.close();
  });
});

/** Resolves when a server's socket was pinged so often. */
function pinged(socket: WebSocket, times: number): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    socket.on('ping', () => {
      count += 1;
      if (count === times) resolve();
    });
  });
}

describe('stdout', () => {
  test('stops the sender while nobody reads, and gives everything in the end', async () => {
    const size = 64 << 20;
    let flushed = 0;
    const block = Buffer.alloc((1 << 20) + 1, 1);
    const kube = await serve((socket) => {
      const sendNext = () => {
        if (flushed === size) return end(socket, succeeded);
        socket.send(block, () => {
          flushed += 1 << 20;
          sendNext();
        });
      };
      sendNext();
    });
    const session = await exec(kube, { ...place, command: ['cat'] });
    await standingStill(() => flushed);
    expect(flushed).toBeLessThan(size / 2);
    let length = 0;
    for await (const chunk of session.stdout) length += chunk.length;
    expect(length).toBe(size);
    await expect(session.exit).resolves.toMatchObject({ code: 0 });
  });
});

describe('a connection', () => {
  test('that is lost is told by the exit and by the streams', async () => {
    let lose = () => {};
    const kube = await serve((socket) => {
      say(socket, 1, 'x');
      lose = () => socket.terminate();
    });
    const session = await exec(kube, { ...place, command: ['cat'] });
    const heard: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of session.stdout) {
        heard.push(String(chunk));
        lose();
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(UnreachableError);
    expect(heard).toEqual(['x']);
    const { code, error } = await session.exit;
    expect(code).toBeUndefined();
    expect(error).toBeInstanceOf(UnreachableError);
    expect(session.stdin.destroyed).toBe(true);
  });

  test('that is silent is given up', async () => {
    const kube = await serve((socket) => socket.pause());
    const session = await exec(kube, { ...place, command: ['cat'], silenceMs: 200 });
    const { error } = await session.exit;
    expect(error).toMatchObject({ message: expect.stringMatching(/silent for 0\.2 s/) });
  });

  test('that answers pings lives on, however quiet', async () => {
    // Four times in each span of silence that is allowed.
    const kube = await serve((socket) => void pinged(socket, 12).then(() => end(socket, succeeded)));
    const session = await exec(kube, { ...place, command: ['cat'], silenceMs: 200 });
    session.stdout.resume();
    await expect(session.exit).resolves.toMatchObject({ code: 0 });
  });

  test('is not taken for a silent one where this process stood still, and hears what came meanwhile', async () => {
    using _ = fakeTimeouts();
    const passed = performance.now.bind(performance);
    let stoodStillMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => passed() + stoodStillMs);
    try {
      const kube = await serve((socket) => void pinged(socket, 1).then(() => end(socket, succeeded)));
      const session = await exec(kube, { ...place, command: ['cat'], silenceMs: 200 });
      session.stdout.resume();
      stoodStillMs = 3_600_000;
      jest.advanceTimersByTime(50);
      await expect(session.exit).resolves.toMatchObject({ code: 0 });
    } finally {
      clock.mockRestore();
    }
  });

  test('whose reader is slow is not taken for a silent one', async () => {
    const { promise: endured, resolve } = Promise.withResolvers<void>();
    const kube = await serve((socket) => {
      say(socket, 1, Buffer.alloc(600_000));
      void pinged(socket, 12).then(() => {
        end(socket, succeeded);
        resolve();
      });
    });
    const session = await exec(kube, { ...place, command: ['cat'], silenceMs: 100 });
    await endured;
    session.stdout.resume();
    await expect(session.exit).resolves.toMatchObject({ code: 0 });
  });

  test('ends with the reason of the signal', async () => {
    const kube = await serve(() => {});
    const controller = new AbortController();
    const session = await exec(kube, { ...place, command: ['cat'], signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(session.exit).resolves.toMatchObject({ code: undefined, reason: 'enough' });
  });

  test('that is closed here ends its streams without an error', async () => {
    const kube = await serve(() => {});
    const session = await exec(kube, { ...place, command: ['cat'] });
    session.close();
    for await (const _ of session.stdout);
    await expect(session.exit).resolves.toEqual({
      code: undefined,
      reason: 'the connection was closed before it ended',
    });
  });
});

describe('a refusal', () => {
  test('is an ApiError that names the pod', async () => {
    const kube = await serve(() => {}, { refuse: () => [404, 'NotFound', 'pods "p" not found'] });
    const error = await exec(kube, { ...place, command: ['x'] }).catch((e) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test('of old credentials is answered with new ones, once', async () => {
    const kube = await serve((socket) => end(socket, succeeded), {
      tokens: ['old', 'new'],
      refuse: ({ headers }) =>
        headers.authorization === 'Bearer new' ? undefined : [401, 'Unauthorized', 'Unauthorized'],
    });
    await expect(execOutput(kube, { ...place, command: ['x'] })).resolves.toBe('');
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  test('of every credential is an error', async () => {
    const kube = await serve(() => {}, {
      tokens: ['a', 'b'],
      refuse: () => [401, 'Unauthorized', 'Unauthorized'],
    });
    await expect(exec(kube, { ...place, command: ['x'] })).rejects.toMatchObject({ code: 401 });
    expect(server.requests.length).toBe(2);
  });

  test('of the connection is an UnreachableError', async () => {
    const kube = await serve(() => {});
    await server.close();
    await expect(exec(kube, { ...place, command: ['x'] })).rejects.toBeInstanceOf(UnreachableError);
    await serve(() => {});
  });

  test('before the server answers is the signal’s', async () => {
    const kube = await serve(() => {});
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(exec(kube, { ...place, command: ['x'], signal })).rejects.toThrow('enough');
  });
});
