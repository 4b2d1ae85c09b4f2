/** A container's main process, as an agent in it or beside it finds it, and what to signal to it. */
import { readdirSync, readFileSync } from 'node:fs';
import { machine } from '../../../src/machine.ts';

/**
 * Process 1, where the process namespace is the container's own. In a pod with `shareProcessNamespace` that is the pause
 * container; there the container is known by its id in the control group, and the lowest process id is the first.
 *
 * @param containerId as the cluster names it: `containerd://0123…`.
 */
export function mainProcess(containerId: string): number {
  const id = containerId.replace(/^.*:\/\//, '');
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== machine.pid);
  const found = pids
    .filter((pid) => textOf(`/proc/${pid}/cgroup`).includes(id))
    .map(Number)
    .sort((a, b) => a - b);
  return found[0] ?? 1;
}

/** A process, and the signal that it is to get. */
export interface PlannedSignal {
  readonly pid: number;
  /** Without `SIG`. */
  readonly signal: string;
}

/** The signals that make a program end, in the order in which they are tried. */
const ending = ['TERM', 'INT', 'QUIT'] as const;

/**
 * What to send to the main process: the signal that is wanted, or without one the first that makes it end.
 *
 * @throws where the main process is not known, or would not notice the signal
 */
export function planSignal(containerId: string, wanted: string | undefined): PlannedSignal {
  const pid = mainProcess(containerId);
  if (textOf(`/proc/${pid}/comm`).trim() === 'pause')
    throw new Error(
      'the pod shares its process namespace, and the main process of the container is not known',
    );
  const signal = (wanted === undefined ? ending : [wanted]).find((one) => isNoticed(pid, one));
  if (signal !== undefined) return { pid, signal };
  const names =
    wanted === undefined ? `none of ${ending.map((one) => `SIG${one}`).join(', ')}` : `no SIG${wanted}`;
  throw new Error(
    `the main process handles ${names}, and the kernel keeps what process 1 does not handle from it`,
  );
}

/** Linux's numbers of the signals that may be sent. */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  USR1: 10,
  USR2: 12,
  TERM: 15,
  WINCH: 28,
};

/** Process 1 of a namespace gets only those signals from within it that it handles (pid_namespaces(7)). */
function isNoticed(pid: number, signal: string): boolean {
  const status = textOf(`/proc/${pid}/status`);
  const innermost = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
  if (innermost !== '1') return true;
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return (caught & (1n << BigInt((numbers[signal] ?? 1) - 1))) !== 0n;
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
