/** Runs programs to their end; an error has what the program printed. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a program ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Milliseconds after which the program is killed. */
  readonly timeout?: number;
  /** Told each line of standard error as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

/** A program ended with another code than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly outcome: Outcome;

  constructor(command: string, outcome: Outcome) {
    const said = tail((outcome.stderr.trim() || outcome.stdout.trim()).split('\n'), 15);
    super(`${command} ended with ${outcome.code}${said ? `:\n${said}` : ''}`);
    this.outcome = outcome;
  }
}

/** The last lines, as one text. */
export function tail(lines: readonly string[], count: number): string {
  return lines.slice(-count).join('\n');
}

/** Runs a program and resolves with how it ended, whatever the code. */
export function attempt(
  command: string,
  args: readonly string[],
  { cwd, env, input, timeout, onErrorLine }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    if (onErrorLine) createInterface(child.stderr).on('line', onErrorLine);
    child.stdin.on('error', () => {}); // A program may end without reading its input.
    child.stdin.end(input ?? '');
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const stderr = Buffer.concat(err).toString() + (signal ? `\n(ended by ${signal})` : '');
      resolve({ code: code ?? 128, stdout: Buffer.concat(out).toString(), stderr });
    });
  });
}

/** Runs a program and resolves with its standard output; another code than 0 is a CommandError. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await attempt(command, args, options);
  if (outcome.code !== 0) throw new CommandError([command, ...args.slice(0, 6)].join(' '), outcome);
  return outcome.stdout;
}

/** The arguments that run a command in a network namespace. */
export function inNetns(netns: string, ...command: readonly string[]): [string, string[]] {
  // Never `ip netns exec`: it remounts /sys, and the kubelet then finds no cgroups.
  return ['nsenter', [`--net=/run/netns/${netns}`, '--', ...command]];
}
