/** Where a volume's files really are, as the kernel of its node tells. */
import { readFileSync, realpathSync } from 'node:fs';

export interface MountEntry {
  /** `major:minor`: one number is one file system, on one node. */
  readonly device: string;
  /** Path of the mounted folder within its file system. */
  readonly root: string;
  /** ext4, nfs4, fuse.bindfs, … */
  readonly type: string;
  /** `server:/path`, `/dev/sda1`, … */
  readonly source: string;
}

export interface VolumeLocation {
  /** Of the node's kernel: equal on one node only, until it starts anew. */
  readonly boot: string;
  readonly volume: MountEntry;
  /** What is mounted at folders of the volume. */
  readonly below: readonly MountEntry[];
}

/** Where the volume at a path is. @throws Error where the kernel does not tell. */
export function locationOf(path: string): VolumeLocation {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { boot, ...mountsAt(realpathSync(path), readFileSync('/proc/self/mountinfo', 'utf8')) };
}

/** The mounts that make up the tree at a path, out of a `mountinfo` (proc(5)). */
export function mountsAt(path: string, mountInfo: string): Omit<VolumeLocation, 'boot'> {
  // Where several are mounted at one folder, the last one covers the others.
  const mounts = new Map(mountInfo.split('\n').flatMap((line) => parseMount(line)));
  const points = [...mounts.keys()].sort((one, other) => other.length - one.length);
  const point = points.find((candidate) => isWithin(path, candidate));
  const mount = point === undefined ? undefined : mounts.get(point);
  if (point === undefined || !mount) throw new Error(`nothing is mounted at ${path}`);
  const rest = path.slice(point === '/' ? 0 : point.length);
  const root = rest === '' || rest === '/' ? mount.root : `${mount.root === '/' ? '' : mount.root}${rest}`;
  const below = points.filter((other) => other !== path && isWithin(other, path));
  return { volume: { ...mount, root }, below: below.flatMap((other) => mounts.get(other) ?? []) };
}

/** A line of mountinfo: id, parent, device, root, mount point, options, tags, `-`, type, source. */
function parseMount(line: string): [point: string, mount: MountEntry][] {
  const [before = '', after = ''] = line.split(' - ', 2);
  const [, , device, root, point] = before.split(' ');
  const [type = '', source = ''] = after.split(' ');
  if (device === undefined || root === undefined || point === undefined) return [];
  return [[decode(point), { device, root: decode(root), type, source: decode(source) }]];
}

/** Blanks, tabs, line feeds and backslashes are written in octal. */
const decode = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Whether a path is a folder, or below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
