/**
 * The program in the pods of both sides, as one file on the image's own Node.js:
 *
 *     x8s-mover serve              serves /source over SSH
 *     x8s-mover answer             answers a client's query there (sshd starts it)
 *     x8s-mover copy               fetches the source's files to /target
 *     x8s-mover work               copies a part of them beside that, in a pod of its own
 *     x8s-mover gate               tells before a scheduled copy whether it may begin
 *     x8s-mover addresses ADDR…    tells a waiting copy where the source is: HOST:PORT, a v6 host in brackets
 */
import { mkdirSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { MoverExit } from './access/exit.ts';
import type { Runtime } from './protocol/runtime.ts';
import { MessageWriter } from './protocol/runtime.ts';
import { answer, longAnswer, refusal, refusedCode } from './source/query-handler.ts';
import { pathsBelow } from './system/paths.ts';

const { argv, env } = process;
const [, program = '', subcommand = '', ...args] = argv;
env.LC_ALL = 'C.UTF-8';
// What is secret has modes of its own; this is for files of a target that takes none.
process.umask(0o022);

/** Set where a test puts /source, /target and the rest below a folder of its own. */
const root = env.X8S_ROOT ?? '';
const paths = pathsBelow(root, [process.execPath, ...process.execArgv, program]);
const messages = new MessageWriter((line) => writeAll(1, `${line}\n`));

/** A pipe that is full for a moment is waited for, so that the process may end after its last line. */
function writeAll(fd: number, text: string | Buffer): void {
  let left = typeof text === 'string' ? Buffer.from(text) : text;
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(fd, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

let relay: Promise<unknown> | undefined;

async function openRelay(): Promise<void> {
  relay ??= import('./copy/relay-hub.ts').then(({ RelayHub }) => RelayHub.listen());
  await relay;
}

function runtime(reason: Error): Runtime {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(reason));
  const kill: Runtime['kill'] = (pid, signal) => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  const uid = process.getuid?.() ?? 0;
  const gids = [...new Set([process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])])];
  return { paths, messages, uid, gids, kill, openRelay, clock: systemClock, signal: stop.signal };
}

/** The account that clients log in to is the one that this pod runs as; undefined where the image has none for it. */
function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Answers one query of a client; resolves with the exit code. */
async function answerClient(asked: string): Promise<number> {
  const texts = await longAnswer(asked, paths);
  if (texts) {
    for await (const text of texts) writeAll(1, text);
    return 0;
  }
  const text = await answer(asked, paths);
  writeAll(text === undefined ? 2 : 1, text ?? `${refusal}\n`);
  return text === undefined ? refusedCode : 0;
}

const interrupted =
  'stopped by a signal: what was copied so far is kept, and the next run goes on from there';

/** Each loads what it needs: a copy has a dozen queries answered, and each of them is a start. */
const commands: Readonly<Record<string, () => Promise<number>>> = {
  copy: async () => {
    const { startCopy } = await import('./copy/copy.ts');
    return startCopy(env, runtime(new MoverExit('interrupted', interrupted)));
  },
  work: async () => {
    const { startWork } = await import('./worker/work.ts');
    return startWork(env, runtime(new Error('stopped by a signal')));
  },
  serve: async () => {
    const { startServe } = await import('./source/serve.ts');
    return startServe(env, loginName(), runtime(new Error('stopped by a signal')));
  },
  gate: async () => {
    const [{ startGate }, { podLister }] = await Promise.all([
      import('./gate/gate.ts'),
      import('./gate/list-pods.ts'),
    ]);
    return startGate(env, podLister(env), runtime(new Error('stopped by a signal')));
  },
  answer: async () => {
    try {
      return await answerClient(env.SSH_ORIGINAL_COMMAND ?? '');
    } catch (error) {
      writeAll(2, `${(error as Error).message}\n`);
      return 1;
    }
  },
  addresses: async () => {
    mkdirSync(dirname(paths.addresses), { recursive: true });
    writeFileSync(`${paths.addresses}.new`, `${args.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${paths.addresses}.new`, paths.addresses);
    return 0;
  },
};

async function main(): Promise<number> {
  const command = commands[subcommand];
  if (command) return command();
  writeAll(2, 'usage: x8s-mover serve | answer | gate | copy | work | addresses ADDRESS…\n');
  return 2;
}

process.on('uncaughtException', ({ stack, message }) => {
  messages.log('error', `the mover stopped where it should not: ${stack ?? message}`);
  process.exit(1);
});
// What still runs in the background is of no use any more.
void main().then((code) => process.exit(code));
