/** How a second terminal talks to a running sync: JSON lines over a socket that only its user can open. */
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import { codeOf } from '../sync/files/system-error.ts';

/** Answers one request; what it throws is told to the asker. */
export type Handler = (method: string, parameters: Record<string, unknown>) => Promise<unknown>;

/** Nothing listens: the sync is not running on this workstation. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/** A process has the socket and says nothing: it was stopped, or has no time at all. */
export class NotAnswering extends UnreachableError {
  constructor(silence: number) {
    super(`the process that runs it has not answered for ${silence / 1000} s`, {
      hint: 'It may have been stopped (SIGSTOP), or be short of time or memory.',
    });
  }
}

/** The interval of heartbeats while an answer is worked on, and the silence after which the process counts as hung. Milliseconds. */
const [usualHeartbeat, silenceLimit] = [2_000, 10_000];

export interface Control {
  readonly path: string;
  readonly handler: Handler;
  /** What the process does that may answer there already: `a watch of this cluster`. */
  readonly about: string;
  /** How that one is ended. */
  readonly hint?: string;
  readonly signal: AbortSignal;
  /** Milliseconds between two heartbeats while an answer is worked on. */
  readonly heartbeat?: number;
}

/**
 * Answers requests until the signal says stop. Rejects where the socket cannot be made, and with a RefusedError
 * where another process answers there: one socket is never shared, nor taken away.
 */
export async function serveControl(control: Control): Promise<void> {
  const { path, handler, about, hint, signal, heartbeat = usualHeartbeat } = control;
  if (await isServed(path))
    throw new RefusedError(`${about} runs on this workstation already`, {
      details: [`It answers at ${path}.`],
      hint,
    });
  if (!path.startsWith('\\\\')) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // What is left of an earlier run is in the way.
    rmSync(path, { force: true });
  }
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onLines(socket, (line) => void answer(socket, line, handler, heartbeat));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  signal.addEventListener('abort', () => server.close(), { once: true });
  server.unref();
}

/** Whether a process listens there; a socket that one has left behind refuses. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function answer(socket: Socket, line: string, handler: Handler, heartbeat: number): Promise<void> {
  const beating = setInterval(() => socket.write('{"alive":true}\n'), heartbeat);
  socket.on('close', () => clearInterval(beating));
  try {
    const { method, parameters = {} } = JSON.parse(line);
    const result = await handler(String(method), parameters);
    socket.end(`${JSON.stringify({ result: result ?? null })}\n`);
  } catch (error) {
    socket.end(`${JSON.stringify({ error: (error as Error).message })}\n`);
  } finally {
    clearInterval(beating);
  }
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Milliseconds after which a process that says nothing is given up. */
  readonly silence?: number;
}

/**
 * Asks a running sync. Rejects with NotRunning where there is none, with NotAnswering where it says nothing, with the
 * signal's reason, and with an X8sError where it could not do what was asked.
 */
export function askControl(
  path: string,
  method: string,
  parameters: Record<string, unknown>,
  { signal, silence = silenceLimit }: AskOptions,
): Promise<unknown> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const socket = connect(path);
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  const giveUp = setTimeout(() => reject(new NotAnswering(silence)), silence);
  socket.on('connect', () => socket.write(`${JSON.stringify({ method, parameters })}\n`));
  socket.on('error', (error) => {
    const isNobody = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error));
    reject(isNobody ? new NotRunning('it is not running') : error);
  });
  socket.on('close', () => reject(new X8sError('the running sync gave no answer')));
  onLines(socket, (line) => {
    giveUp.refresh();
    const { alive, result, error } = JSON.parse(line);
    if (alive === true) return;
    if (error === undefined) resolve(result);
    else reject(new X8sError(String(error)));
  });
  return promise.finally(() => {
    clearTimeout(giveUp);
    signal.removeEventListener('abort', leave);
    socket.destroy();
  });
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (data) => {
    const lines = (text + data).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
