/** Both of the mover's sides as processes of this machine, with its real sshd, ssh and rsync, over the loopback. */
import { type ChildProcess, execFile, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from '@jest/globals';
import { protocol, type StreamsReport } from '../../../plugins/x8sync/mover/protocol/protocol.ts';
import { lazy } from '../../../src/async/lazy.ts';
import { type Stage, stage } from './mover-stage.ts';

/**
 * The mover as one file, as its image has it: a copy starts it a dozen times, once for each query, and from its sources
 * it takes four times as long to start.
 */
const program = lazy(async () => {
  const folder = join(import.meta.dirname, '../../../build/tests');
  const path = join(folder, 'x8s-mover.cjs');
  // Test files that run side by side make it at once, each in a process that takes esbuild's service along.
  const fresh = join(folder, `x8s-mover-${process.pid}.cjs`);
  await execute(process.execPath, [join(import.meta.dirname, '../../../scripts/mover-bundle.ts'), fresh]);
  renameSync(fresh, path);
  return path;
});
const execute = promisify(execFile);
const needed = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/ssh-keygen', '/usr/bin/rsync'];
const missing = needed.filter((path) => !existsSync(path));
const canRun = process.platform === 'linux' && process.getuid?.() === 0 && missing.length === 0;

/** Root's sshd drops its rights before it lets anyone in, so these run as root only. In CI they must run. */
export const withPrograms = canRun || process.env.CI ? test : test.skip;
if (!canRun && !process.env.CI)
  process.stderr.write(`SKIPPED: the mover with real programs needs Linux, root and ${needed.join(' ')}\n`);

/** What an end line says. */
export interface Ended {
  readonly code: number | null;
  readonly outcome: string;
  readonly message: string;
  readonly stats: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly lost: readonly string[];
  readonly streams?: StreamsReport;
  readonly losses?: readonly {
    readonly kind: string;
    readonly count: number;
    readonly names: readonly string[];
  }[];
  readonly verification?: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

export interface Pair extends Disposable {
  readonly stage: Stage;
  readonly source: string;
  readonly target: string;
  readonly port: number;
  /** Starts the source's side; resolves once it serves. */
  serve(env?: Readonly<Record<string, string>>): Promise<ChildProcess>;
  /** What the source's side has said so far. */
  served(): string[];
  /** Runs the target's side to its end. */
  copy(env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same, without awaiting it. */
  start(env?: Readonly<Record<string, string>>): {
    readonly child: ChildProcess;
    readonly ended: Promise<Ended>;
  };
  /** Starts a worker, with this number in its Job; it is of the copies that have the source mounted. */
  work(index: number, env?: Readonly<Record<string, string>>): WorkerProcess;
}

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** What it has said so far. */
  said(): string;
  readonly ended: Promise<number | null>;
}

/**
 * A source and a target, empty, and keys of their own.
 *
 * @param env of both sides.
 * @param preload a module that each process of the mover loads first; with it they take the flags of Node.js that they
 *   have in the image.
 */
export async function pair(env: Readonly<Record<string, string>> = {}, preload?: string): Promise<Pair> {
  const scene = stage();
  const { paths } = scene.runtime;
  for (const key of ['client_key', 'host_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(paths.keys, key)]);
  copyFileSync(join(paths.keys, 'client_key.pub'), join(paths.keys, 'authorized_keys'));
  const hostKey = readFileSync(join(paths.keys, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(paths.keys, 'known_hosts'), `x8s-source ${hostKey}\n`);
  const [port, path] = await Promise.all([freePort(), program()]);
  const start = preload ? [...flagsOf(path), '--require', preload, path] : [path];
  const common = {
    X8S_ROOT: scene.root,
    X8S_PROTOCOL: String(protocol),
    X8S_NONCE: 'n',
    X8S_PORT: String(port),
    ...env,
  };
  const target = { X8S_TASK: 't', X8S_ADDRESSES: `127.0.0.1:${port}`, X8S_CONNECT_SECONDS: '40' };
  let server: ChildProcess | undefined;
  let said = '';
  const workers: ChildProcess[] = [];
  const copy: Pair['start'] = (env = {}) => {
    const child = run(start, 'copy', { ...common, ...target, ...env });
    return { child, ended: endOf(child) };
  };
  return {
    stage: scene,
    source: paths.source,
    target: paths.target,
    port,
    serve: async (env = {}) => {
      server = run(start, 'serve', { ...common, ...env });
      server.stdout?.on('data', (chunk: Buffer) => {
        said += String(chunk);
      });
      await lineOf(server, 'x8s:serving ');
      return server;
    },
    served: () => said.split('\n'),
    copy: (env) => copy(env).ended,
    start: copy,
    work: (index, env = {}) => {
      const more = { X8S_SOURCE_MOUNTED: '1', JOB_COMPLETION_INDEX: String(index) };
      const worker = workerOf(run(start, 'work', { ...common, ...target, ...more, ...env }));
      workers.push(worker.child);
      return worker;
    },
    [Symbol.dispose]: () => {
      server?.kill();
      for (const child of workers) child.kill('SIGKILL');
      scene[Symbol.dispose]();
    },
  };
}

/** What the program's first line has Node.js take in the image. */
function flagsOf(path: string): string[] {
  const [first = ''] = readFileSync(path, 'utf8').split('\n', 1);
  return first.split(' ').filter((word) => word.startsWith('--'));
}

function run(
  program: readonly string[],
  subcommand: string,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const { PATH = '' } = process.env;
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  return spawn(process.execPath, [...program, subcommand], { env: { PATH, ...env }, stdio });
}

function workerOf(child: ChildProcess): WorkerProcess {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += String(chunk);
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said: () => text, ended };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = text.trim().split('\n');
  const [, json] = /^x8s:end (.*)$/.exec(lines.at(-1) ?? '') ?? [];
  if (json === undefined) throw new Error(`the mover ended with ${code} and no end line:\n${text}${errors}`);
  return { ...(JSON.parse(json) as Ended), code, lines };
}

function lineOf(child: ChildProcess, start: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += String(chunk);
      if (text.includes(start)) resolve();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => reject(new Error(`the source's side ended with ${code}:\n${text}`)));
  });
}

/**
 * A port of this machine that nobody listens on. None of those that the kernel gives away by itself: it might give this
 * one to another test before it is used here.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    server.once('error', () => resolve(false));
  });
}
