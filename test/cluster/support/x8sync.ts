/** `kubectl x8sync` as the tests run it. */
import { plugin, startPlugin } from './kubectl.ts';
import type { Ended, Running } from './process.ts';

/** One run to its end. */
export const x8sync = (...args: string[]): Promise<Ended> => plugin('x8sync', args);

/** One run that a test watches, or ends. */
export const startX8sync = (...args: string[]): Running => startPlugin('x8sync', args);

/** Holds a run still, as Ctrl-Z does, while a test looks at what it has made: meanwhile it can't clean that up. */
export async function held<T>({ child }: Running, look: () => Promise<T>): Promise<T> {
  child.kill('SIGSTOP');
  try {
    return await look();
  } finally {
    child.kill('SIGCONT');
  }
}

/** All that a run said, which has to have ended with this exit code. */
export function saidBy({ code, stdout, stderr }: Ended, expected: number): string {
  if (code !== expected) throw new Error(`ended with ${code} instead of ${expected}:\n${stderr}${stdout}`);
  return stderr + stdout;
}

/** The document of `-o json`. */
export function documentOf<T = CopyDocument>({ stdout, stderr }: Ended): T {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`no JSON on stdout:\n${stdout}\n${stderr}`);
  }
}

/** What of a copy's document is looked at. */
export interface CopyDocument {
  readonly task: string;
  readonly outcome: string;
  readonly mode: string;
  readonly address: string;
  readonly stats: Readonly<Record<string, number>>;
  readonly lost: readonly string[];
  readonly verification?: Readonly<Record<string, unknown>>;
  readonly failures: readonly string[];
  readonly changes: readonly string[];
  readonly warnings: readonly string[];
}

/** The name of the task as the first lines of a run print it. */
export function taskOf(text: string): string {
  const [, task] = /Task ([a-z0-9-]+)\n/.exec(text) ?? [];
  if (!task) throw new Error(`no task is named in:\n${text}`);
  return task;
}
