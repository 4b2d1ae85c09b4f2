import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  askControl,
  isServed,
  NotRunning,
  serveControl,
} from '../../../../../plugins/devsync/control/socket.ts';
import { ExitCode, RefusedError } from '../../../../../src/errors.ts';

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

test('a socket that is answered at is neither shared nor taken', async () => {
  await serve('first');
  const error = await serve('second').catch((why: unknown) => why);
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({
    message: 'a watch runs on this workstation already',
    hint: 'end it',
    exitCode: ExitCode.refused,
  });
  expect(await askControl(path, 'name')).toBe('first');
});

test('what a process that was killed has left behind is in nobody’s way', async () => {
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', leave]);
  expect([existsSync(path), await isServed(path)]).toEqual([true, false]);
  await expect(askControl(path, 'name')).rejects.toThrow(NotRunning);
  await serve('next');
  expect(await askControl(path, 'name')).toBe('next');
});
