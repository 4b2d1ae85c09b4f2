/** What is mounted where, as /proc/…/mountinfo says (proc_pid_mountinfo(5)). */

import { readFileSync } from 'node:fs';

interface Mount {
  readonly point: string;
  readonly description: string;
  readonly isWritable: boolean;
}

function* mountsIn(mountInfo: string): Generator<Mount> {
  for (const line of mountInfo.split('\n')) {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) continue;
    const [, , device, from, point, options] = left.split(' ');
    const [type, source, ofAll] = right.split(' ');
    const isWritable = ![options, ofAll].some((list) => list?.split(',').includes('ro'));
    if (point !== undefined)
      yield { point: plain(point), description: `${type} ${source} ${device} ${from}`, isWritable };
  }
}

/** Spaces and the like are written as octal numbers. */
const plain = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Paths relative to a directory. */
export interface MountsBelow {
  /** Where something else is mounted. */
  readonly mounts: ReadonlySet<string>;
  /** Those of them that may be written to. */
  readonly writableMounts: ReadonlySet<string>;
}

/** What is mounted below a directory. */
export function mountsBelow(mountInfo: string, directory: string): MountsBelow {
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const below = [...mountsIn(mountInfo)].filter(({ point }) => point.startsWith(prefix) && point !== prefix);
  // Of several at one point the last one is seen.
  const isWritable = new Map(below.map((mount) => [mount.point.slice(prefix.length), mount.isWritable]));
  const mounts = new Set(isWritable.keys());
  return { mounts, writableMounts: new Set([...mounts].filter((path) => isWritable.get(path))) };
}

/** What a directory is mounted from: file system, source, device and the directory in it. */
export function mountOf(mountInfo: string, directory: string): string {
  let best: Mount = { point: '', description: '', isWritable: false };
  for (const mount of mountsIn(mountInfo)) {
    const holds = mount.point === '/' || directory === mount.point || directory.startsWith(`${mount.point}/`);
    // Of two at the same point the later one is on top.
    if (holds && mount.point.length >= best.point.length) best = mount;
  }
  return best.description;
}

/** What is mounted for the process whose root this is; empty where that cannot be read. */
export function readMounts(base: string): string {
  const process = /^\/proc\/\d+(?=\/root$)/.exec(base)?.[0] ?? '/proc/self';
  try {
    return readFileSync(`${process}/mountinfo`, 'utf8');
  } catch {
    return '';
  }
}
