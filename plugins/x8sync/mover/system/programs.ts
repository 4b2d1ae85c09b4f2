/** Programs that are started: rsync, ssh, sshd, and the tools of the system. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { LineSplitter } from './lines.ts';

/** What a program that is asked to end has for leaving things in order: rsync keeps its partial file. */
const graceMs = 2000;

/** How long to wait for output after a program has ended. */
const drainMs = 1000;

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  /** What it reads; nothing where absent. */
  readonly input?: Buffer | undefined;
  /** Nobody listens to it: for a program that goes on in the background and would keep the pipes open. */
  readonly silent?: boolean;
  /** What is done with its output as it comes; else it is kept, and is in the result. */
  readonly onOutput?: (chunk: Buffer) => void;
  readonly onError?: (chunk: Buffer) => void;
  /** Called once it has begun. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface Ran {
  /** The exit code; 128 and more where a signal ended it, 127 where it could not be started, as shells have it. */
  readonly code: number;
  /** What it wrote, where nobody took it as it came. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 *
 * @throws the signal's reason, once the program has ended: it is asked to, and after two seconds made to.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { signal, cwd, input, silent = false } = options;
  signal?.throwIfAborted();
  const output = silent ? 'ignore' : 'pipe';
  const child = spawn(command, args, { cwd, stdio: [input ? 'pipe' : 'ignore', output, output] });
  // A program that ends before it has read everything says why by its exit code.
  child.stdin?.on('error', () => {}).end(input);
  const [stdout, stderr] = [new Kept(options.onOutput), new Kept(options.onError)];
  child.stdout?.on('data', (chunk: Buffer) => stdout.take(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.take(chunk));
  options.onStart?.(child);
  const stopping = signal && endOnAbort(child, signal);
  try {
    const code = await ended(child, stderr);
    signal?.throwIfAborted();
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stopping?.[Symbol.dispose]();
  }
}

/** Output that is kept where nobody takes it. */
class Kept {
  readonly #chunks: Buffer[] = [];
  readonly take: (chunk: Buffer) => void;

  constructor(take: ((chunk: Buffer) => void) | undefined) {
    this.take = take ?? ((chunk) => this.#chunks.push(chunk));
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

function ended(child: ChildProcess, stderr: Kept): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      stderr.take(Buffer.from(error.message));
      resolve(127);
    });
    // After the last of its output, which may come later than its exit, but not where a child of its keeps the pipe.
    const leave = (code: number | null, signal: NodeJS.Signals | null) =>
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    child.once('close', leave);
    child.once('exit', (code, signal) => setTimeout(() => leave(code, signal), drainMs).unref());
  });
}

/** Resolves with a program's exit code, as {@link Ran} has it, and without awaiting its output. */
export function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 128));
  });
}

/** Ends a program once a signal is aborted. What is returned takes that back. */
export function endOnAbort(child: ChildProcess, signal: AbortSignal): Disposable {
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killing = setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', stop);
      clearTimeout(killing);
    },
  };
}

/** Runs a program, and hands on each line that it prints. */
export async function runLines(
  command: string,
  args: readonly string[],
  take: (line: string) => void,
  options: Omit<RunOptions, 'onOutput'> & {
    readonly encoding?: 'utf8' | 'latin1';
    readonly ends?: RegExp;
  } = {},
): Promise<Ran> {
  const lines = new LineSplitter(take, { encoding: options.encoding ?? 'utf8', ends: options.ends ?? /\n/ });
  const ran = await run(command, args, { ...options, onOutput: (chunk) => lines.push(chunk) });
  lines.end();
  return ran;
}

/**
 * Runs a program, and hands on its lines no faster than they are taken: it waits meanwhile. What it says of errors is
 * not kept.
 *
 * @returns its exit code, 127 where it could not be started.
 * @throws the signal's reason.
 */
export async function pullLines(
  command: string,
  args: readonly string[],
  take: (line: string) => Promise<void> | undefined,
  {
    signal,
    encoding,
    input,
    ends = /\n/,
  }: {
    readonly signal: AbortSignal;
    readonly encoding: 'utf8' | 'latin1';
    readonly input?: Buffer | undefined;
    readonly ends?: RegExp;
  },
): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {}).end(input);
  using _ = endOnAbort(child, signal);
  const over = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 128));
  });
  let lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), { encoding, ends });
  const handOn = async () => {
    const whole = lines;
    lines = [];
    for (const line of whole) {
      const taken = take(line);
      if (taken !== undefined) await taken;
    }
  };
  for await (const chunk of child.stdout) {
    splitter.push(chunk as Buffer);
    await handOn();
  }
  splitter.end();
  await handOn();
  const code = await over;
  signal.throwIfAborted();
  return code;
}

/** Waits. @throws the signal's reason. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The first line of what a program said, or the last one. */
export const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
export const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
