/** Servers that outlive the shell that started them: each in a control group and with a log of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, HopelessError } from '../support/eventually.ts';
import { logDir } from './config.ts';
import { daemonGroup, isRunning, processesOf, signal } from './groups.ts';
import { tail } from './shell.ts';

/** How one server is started. */
export interface Daemon {
  /** `lab-a/etcd`, `lab-a-1/kubelet`; names its log and its control group. */
  readonly name: string;
  readonly command: readonly string[];
  readonly netns?: string;
}

export const logOf = (daemon: string): string => join(logDir, `${daemon.replaceAll('/', '.')}.log`);

/** The end of a daemon's log, for messages. */
export function logTail(daemon: string, lines = 15): string {
  const path = logOf(daemon);
  return existsSync(path) ? tail(readFileSync(path, 'utf8').trim().split('\n'), lines) : '(no log)';
}

const logEnd = (daemon: string): string => `The end of ${logOf(daemon)}:\n${logTail(daemon)}`;

/** A part of the lab ended before it was ready; the message ends with the last lines of its log. */
export class DaemonError extends HopelessError {
  constructor(daemon: string) {
    super(`${daemon} ended before it was ready. ${logEnd(daemon)}`);
  }
}

/** Starts a daemon, unless it is running. */
export function start({ name, command, netns }: Daemon): void {
  if (isRunning(name)) return;
  mkdirSync(logDir, { recursive: true });
  const log = openSync(logOf(name), 'a');
  const enter = netns ? ['nsenter', `--net=/run/netns/${netns}`, '--'] : [];
  // The shell joins the group first, so that no process of the daemon is ever outside of it.
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const child = spawn('/bin/sh', ['-c', script, daemonGroup(name), ...enter, ...command], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    // The caller's environment is left out: a proxy setting or a token in it must not change what the clusters do.
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      // A fifth of what an API server under tests computes is collection; memory there is enough, and what was freed is kept.
      GOGC: '400',
      GODEBUG: 'madvdontneed=0',
    },
  });
  child.unref();
  closeSync(log);
}

/** Ends a daemon and waits until it is gone: politely with SIGTERM first, or at once. */
export async function stop(name: string, how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  signal(processesOf(name), how);
  const hasEnded = () => assert(!isRunning(name), `${name} did not end`);
  try {
    await eventually(hasEnded, how === 'SIGTERM' ? 5_000 : 20_000);
  } catch {
    signal(processesOf(name), 'SIGKILL');
    await eventually(hasEnded, 20_000);
  }
}

/** Waits for a probe of a daemon to succeed; fails early, with its log, when the daemon ends. */
export async function ready(name: string, timeout: number, probe: () => Promise<boolean>): Promise<void> {
  const begin = Date.now();
  await eventually(async () => {
    if (await probe().catch(() => false)) return;
    // The shell needs a moment to join its group.
    if (Date.now() - begin > 500 && !isRunning(name)) throw new DaemonError(name);
    throw new Error(`${name} was not ready within ${timeout / 1000} s. ${logEnd(name)}`);
  }, timeout);
}
