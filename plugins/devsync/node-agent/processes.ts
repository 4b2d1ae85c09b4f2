/** The main process of a container, found from the node, and what it runs as. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../sync/files/system-error.ts';
import { type ContainerIdentity, runsIn } from './cgroups.ts';

/** One process, which its number alone does not name: numbers are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the system's start to its own. */
  readonly start: string;
}

/** Who a process is. Numbers are those of the agent's own user namespace. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Bits of the capabilities that are in effect (capabilities(7)). */
  readonly capabilities: bigint;
}

/**
 * The process of a container that began first; undefined where none runs. What was started in it later, by a person or
 * a probe, is in the same control group.
 *
 * @param proc where the node's processes are
 */
export function findMainProcess(container: ContainerIdentity, proc = '/proc'): ProcessIdentity | undefined {
  const found: ProcessIdentity[] = [];
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const groups = read(`${proc}/${name}/cgroup`);
    if (groups === undefined || !runsIn(groups, container)) continue;
    const start = startOf(read(`${proc}/${name}/stat`) ?? '');
    if (start !== undefined) found.push({ pid: Number(name), start });
  }
  return found.sort((a, b) => Number(BigInt(a.start) - BigInt(b.start)) || a.pid - b.pid)[0];
}

/** The 22nd field of /proc/PID/stat (proc_pid_stat(5)); the second one, a name, may have spaces and brackets in it. */
export function startOf(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Throws what the file system says where it has ended. */
export const controlGroupsOf = ({ pid }: ProcessIdentity, proc = '/proc'): string =>
  readFileSync(`${proc}/${pid}/cgroup`, 'utf8');

/** Throws what the file system says where it has ended. */
export function credentialsOf({ pid }: ProcessIdentity, proc = '/proc'): Credentials {
  return parseCredentials(readFileSync(`${proc}/${pid}/status`, 'utf8'));
}

/** The second number of each is the one in effect, in /proc/PID/status (proc_pid_status(5)). */
export function parseCredentials(status: string): Credentials {
  const words = (key: string) =>
    new RegExp(`^${key}:(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/) ?? [];
  const [uid, gid, effective] = [words('Uid')[1], words('Gid')[1], words('CapEff')[0]];
  if (uid === undefined || gid === undefined || effective === undefined)
    throw new Error('the kernel does not say who the main process is');
  const groups = words('Groups')
    .filter((word) => word !== '')
    .map(Number);
  return { uid: Number(uid), gid: Number(gid), groups, capabilities: BigInt(`0x${effective}`) };
}

/** Whether its numbers of users and capabilities mean the same as here. */
export function sharesUsers({ pid }: ProcessIdentity, proc = '/proc'): boolean {
  return readlinkSync(`${proc}/${pid}/ns/user`) === readlinkSync(`${proc}/self/ns/user`);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // It has ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
