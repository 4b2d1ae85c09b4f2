/** Finds the root of a container from beside it, through its main process, and whether it may be entered. */
import { readdirSync, readFileSync } from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { codeOf } from '../sync/system-error.ts';

export interface RootAccess {
  /** `/proc/N/root`; undefined where it may not be entered. */
  readonly base: string | undefined;
  readonly uid: number;
  readonly gid: number;
  readonly why: string;
}

/** @param containerId as the cluster names it: `containerd://0123…`. */
export function findRootAccess(containerId: string): RootAccess {
  const pid = mainProcess(containerId.replace(/^.*:\/\//, ''));
  const base = `/proc/${pid}/root`;
  const { uid, gid, effective } = usersOf(pid);
  try {
    readdirSync(base);
    return { base, uid, gid, why: '' };
  } catch (error) {
    const began = uid === effective ? '' : ' (it changed its user after it began)';
    const us = `${machine.uid}:${machine.gid}`;
    const why = `the root of process ${pid}, which runs as ${uid}:${gid}${began}, is closed to ${us}: ${codeOf(error)}`;
    return { base: undefined, uid, gid, why };
  }
}

/**
 * Process 1, where the container's process namespace is ours. In a pod with `shareProcessNamespace` that is
 * the pause container, and the container is known by its id in the control group.
 */
function mainProcess(id: string): number {
  const ours = readFileSync('/proc/self/cgroup', 'utf8');
  const isOurs = (pid: string) => {
    const group = textOf(`/proc/${pid}/cgroup`);
    return group.includes(id) && group !== ours;
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids
    .filter(isOurs)
    .map(Number)
    .sort((a, b) => a - b);
  return found[0] ?? 1;
}

function usersOf(pid: number): { uid: number; gid: number; effective: number } {
  const status = textOf(`/proc/${pid}/status`);
  const numbers = (key: string) =>
    new RegExp(`^${key}:\\s+(\\d+)\\s+(\\d+)`, 'm').exec(status)?.slice(1).map(Number) ?? [];
  const [uid = 0, effective = 0] = numbers('Uid');
  const [gid = 0] = numbers('Gid');
  return { uid, gid, effective };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
