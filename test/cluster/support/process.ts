/** Runs programs to their end, or beside a test. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
  /** Resolves once stderr or stdout holds the text; rejects where the program ends without. */
  saw(text: string | RegExp): Promise<void>;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
}

/** Starts a program; its output is text in latin1 where `binary`, so that no byte is lost. */
export function start(
  command: string,
  args: readonly string[],
  { env = process.env, input, cwd }: StartOptions = {},
): Running {
  const child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const look of watchers) look();
    });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  const saw = (text: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        const all = output.stderr + output.stdout;
        if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve();
      };
      watchers.add(look);
      look();
      ended.then(() => reject(new Error(`ended without ${text}:\n${output.stderr}`)), reject);
    });
  return { child, output, ended, saw };
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], options?: StartOptions): Promise<Ended> {
  return start(command, args, options).ended;
}

/** Runs a program that must end well; resolves with its stdout. */
export async function must(
  command: string,
  args: readonly string[],
  options?: StartOptions,
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  return stdout;
}
