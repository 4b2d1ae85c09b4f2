/** Why REMOTE cannot be written to: who it belongs to, and who asks. */
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../sync/files/system-error.ts';

/** Who a process is, as the kernel knows it. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** What a security module such as SELinux or AppArmor calls the process; empty where there is none. */
  readonly label: string;
}

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** Opens a directory; where that is not allowed, the error says whose it is. */
export function explainingOwner<T>(base: string, root: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const code = codeOf(error);
    const found = code === 'EACCES' || code === 'EPERM' ? nearest(base, root) : undefined;
    if (found === undefined) throw error;
    const message = describeRefusal(found.path, found.stats, ownIdentity());
    throw Object.assign(new Error(message), { code });
  }
}

/** In words. */
export function describeRefusal(path: string, { uid, gid, mode }: Owned, who: Identity): string {
  const bits = (mode & 0o7777).toString(8).padStart(4, '0');
  const owner = `${path} belongs to ${uid}:${gid} (mode ${bits})`;
  const asks = `the agent runs as ${who.uid}:${who.gid}`;
  if (!allows({ uid, gid, mode }, who)) return `${owner}, and ${asks}`;
  const label = who.label === '' ? '' : ` (its label is ${who.label})`;
  return `${owner} and its mode lets ${who.uid}:${who.gid} write: SELinux, another security module or the file system refuses${label}`;
}

/** Whether the mode lets somebody write in a directory; root may always. */
function allows({ uid, gid, mode }: Owned, who: Identity): boolean {
  if (who.uid === 0) return true;
  const shift = who.uid === uid ? 6 : who.gid === gid || who.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o3) === 0o3;
}

/** The directory, or the nearest one above it that may be looked at. Links are not followed. */
function nearest(base: string, root: string): { path: string; stats: Stats } | undefined {
  for (let path = root; ; path = dirname(path)) {
    try {
      return { path, stats: lstatSync(join(base, path)) };
    } catch {
      if (path === '/' || path === '.') return undefined;
    }
  }
}

/** As proc(5) has it: the agent may be a user without a name. */
function ownIdentity(): Identity {
  const status = readFileSync('/proc/self/status', 'utf8');
  const numbers = (field: string) =>
    new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/).filter(Boolean).map(Number) ?? [];
  // Real, effective, saved, file system: files are opened as the last one.
  const [uid, gid] = [numbers('Uid')[3] ?? 0, numbers('Gid')[3] ?? 0];
  return { uid, gid, groups: numbers('Groups'), label: ownLabel() };
}

function ownLabel(): string {
  try {
    const label = readFileSync('/proc/self/attr/current', 'utf8').replace(/\0|\n/g, '').trim();
    return label === 'unconfined' ? '' : label;
  } catch {
    return '';
  }
}
