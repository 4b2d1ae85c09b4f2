/** Who holds a lock: a person's name for it, and enough to know a dead process of this very machine. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';

export interface Holder {
  /** `user@host`. */
  readonly who: string;
  readonly pid: number;
  /** Random: two locks of one process are two holders. */
  readonly id: string;
  /** This boot of this machine and its space of process ids; undefined where that can't be known. */
  readonly machine?: string | undefined;
  /** When the process started, in ticks since boot: process ids are used again. */
  readonly start?: string | undefined;
}

/** `unknown` wherever there is any doubt: it never decides that a lock may be taken. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** This process as a new holder. */
export function thisProcess(): Holder {
  return {
    who: `${userName()}@${hostname()}`,
    pid: process.pid,
    id: randomBytes(6).toString('hex'),
    machine: thisMachine(),
    start: statOf(process.pid)?.start,
  };
}

/** One line for an annotation or a Lease: `alice@laptop pid=4242 id=9f3c… machine=… start=…`. */
export function formatHolder({ who, ...fields }: Holder): string {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [who, ...known.map(([key, value]) => `${key}=${value}`)].join(' ');
}

/** Reads what `formatHolder` wrote; of anything else only `who` is of use. */
export function parseHolder(text: string): Holder {
  const [who = '', ...rest] = text.split(' ');
  const fields = new Map(rest.map((field) => field.split('=', 2) as [string, string]));
  return {
    who,
    pid: Number(fields.get('pid') ?? Number.NaN),
    id: fields.get('id') ?? '',
    machine: fields.get('machine'),
    start: fields.get('start'),
  };
}

/** `alice@laptop (process 4242)`. */
export function describeHolder({ who, pid }: Holder): string {
  return Number.isNaN(pid) ? who : `${who} (process ${pid})`;
}

/**
 * Whether a holder's process lives, as far as this machine can tell. This process itself is `unknown`: it may
 * meet a lock that it lost earlier.
 */
export function livenessOf({ machine, pid, start }: Holder): Liveness {
  if (machine === undefined || start === undefined || machine !== thisMachine()) return 'unknown';
  if (!(pid > 0) || pid === process.pid) return 'unknown';
  if (!exists(pid)) return 'dead';
  const stat = statOf(pid);
  if (stat === undefined) return 'unknown';
  return stat.start !== start || stat.zombie ? 'dead' : 'alive';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * A process id means something in one boot and one pid namespace only: two containers of a node share the
 * boot id, and one must not take the other's process for dead because it can't see it.
 */
function thisMachine(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 16);
  } catch {
    return undefined;
  }
}

/** Asks with kill(2), which also knows the processes that a `hidepid` mount of /proc hides. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Fields 3 and 22 of proc_pid_stat(5); the name before them may hold spaces and brackets. */
function statOf(pid: number): { zombie: boolean; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, start] = [fields[0], fields[19]];
    return state && start ? { zombie: state === 'Z' || state === 'X', start } : undefined;
  } catch {
    return undefined;
  }
}
