import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  askControl,
  isServed,
  NotAnswering,
  NotRunning,
  serveControl,
} from '../../../../../plugins/devsync/control/socket.ts';
import { ExitCode, RefusedError } from '../../../../../src/errors.ts';
import { settle } from '../../../support/fake-clock.ts';
import { fakeTimeouts } from '../../../support/fake-timeouts.ts';

let folder: string;
let path: string;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'));
  path = join(folder, 'socket');
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

const serve = (name: string) =>
  serveControl({ path, handler: async () => name, about: 'a watch', hint: 'end it', signal: stop.signal });

const ask = () => askControl(path, 'name', {}, { signal: stop.signal });

test('a socket that is answered at is neither shared nor taken', async () => {
  await serve('first');
  const error = await serve('second').catch((why: unknown) => why);
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({
    message: 'a watch runs on this workstation already',
    hint: 'end it',
    exitCode: ExitCode.refused,
  });
  expect(await ask()).toBe('first');
});

test('what a process that was killed has left behind is in nobody’s way', async () => {
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', leave]);
  expect([existsSync(path), await isServed(path)]).toEqual([true, false]);
  await expect(ask()).rejects.toThrow(NotRunning);
  await serve('next');
  expect(await ask()).toBe('next');
});

test('a process that was stopped is not waited for, and neither is anybody after a signal', async () => {
  const hold = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    using _ = fakeTimeouts();
    const unanswered = ask();
    jest.advanceTimersByTime(10_000);
    await expect(unanswered).rejects.toThrow(NotAnswering);
    const asked = ask();
    stop.abort(new Error('Ctrl-C'));
    await expect(asked).rejects.toThrow('Ctrl-C');
  } finally {
    child.kill('SIGKILL');
  }
});

test('an answer that takes long is waited for', async () => {
  const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const handler = () => {
    begun.resolve();
    return answer.promise;
  };
  using _ = fakeTimeouts();
  await serveControl({ path, handler, about: 'a watch', signal: stop.signal });
  const asked = ask();
  await begun.promise;
  // Three times as long as a silent process is waited for.
  for (let heartbeat = 0; heartbeat < 15; heartbeat++) {
    jest.advanceTimersByTime(2000);
    await settle();
  }
  answer.resolve('late');
  expect(await asked).toBe('late');
});
