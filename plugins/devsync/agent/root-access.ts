/** Finds the root of a container from beside it, through its main process, and whether it may be entered. */
import { readdirSync } from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { codeOf } from '../sync/files/system-error.ts';
import { mainProcess, textOf } from './main-pid.ts';

export interface RootAccess {
  /** `/proc/N/root`; undefined where it may not be entered. */
  readonly base: string | undefined;
  readonly uid: number;
  readonly gid: number;
  readonly why: string;
}

/** @param containerId as the cluster names it: `containerd://0123…`. */
export function findRootAccess(containerId: string): RootAccess {
  const pid = mainProcess(containerId);
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

function usersOf(pid: number): { uid: number; gid: number; effective: number } {
  const status = textOf(`/proc/${pid}/status`);
  const numbers = (key: string) =>
    new RegExp(`^${key}:\\s+(\\d+)\\s+(\\d+)`, 'm').exec(status)?.slice(1).map(Number) ?? [];
  const [uid = 0, effective = 0] = numbers('Uid');
  const [gid = 0] = numbers('Gid');
  return { uid, gid, effective };
}
