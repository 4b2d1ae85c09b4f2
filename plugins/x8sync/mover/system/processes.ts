/** Processes of this pod, as proc(5) shows them. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  /** Its parent's process id. */
  readonly parent: number;
  /** The program's name, of 15 characters at most. */
  readonly name: string;
}

/** All that run at the moment. */
export function runningProcesses(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
    return name === undefined ? [] : { pid: Number(pid), parent: Number(parent), name };
  });
}

/** The processes that this one has started, and those that they have. */
export function descendantsOf(pid: number, all: readonly Process[] = runningProcesses()): number[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child.pid, ...descendantsOf(child.pid, all)]);
}

/** Empty where it can't be read: a process may have ended meanwhile. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
