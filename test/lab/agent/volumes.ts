/**
 * The storage behind the lab's volumes: a folder on disk, a tmpfs or an ext4 as large as the claim asks for, or a block
 * device.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { volumeDir } from '../config.ts';
import { detachLoops, unmountBelow } from '../down.ts';
import { run } from '../shell.ts';

/**
 * `ext4` is what CSI drivers give: a fresh file system whose root folder is root's (0755), with lost+found in it. `block`
 * has no file system.
 */
export const media = ['disk', 'tmpfs', 'ext4', 'block'] as const;
export type Medium = (typeof media)[number];

/** How a volume is made. */
export interface VolumeRequest {
  readonly name: string;
  /** The node that holds it, or the cluster where all of its nodes see it. */
  readonly place: string;
  readonly medium: Medium;
  readonly bytes: number;
  /** How many files fit; absent where only bytes are limited. */
  readonly inodes?: number | undefined;
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Bytes of a Kubernetes quantity such as `1500Mi`. */
export function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = units[unit];
  if (!number || factor === undefined) throw new Error(`not a size: ${quantity}`);
  return Math.ceil(Number(number) * factor);
}

/** Makes a volume's folder, or its device, and returns its path; one that is there is used again. */
export async function makeVolume({ name, place, medium, bytes, inodes }: VolumeRequest): Promise<string> {
  const path = join(volumeDir(place), name);
  if (existsSync(path)) return path;
  if (medium === 'block') {
    await makeDevice(path, bytes);
    return path;
  }
  mkdirSync(path, { recursive: true });
  if (medium === 'ext4') await mountFresh(path, bytes);
  // Any user of a pod must be able to write, as with other simple provisioners, so no umask applies.
  else chmodSync(path, 0o777);
  const options = [`size=${bytes}`, 'mode=777', ...(inodes ? [`nr_inodes=${inodes}`] : [])];
  if (medium === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', options.join(','), `x8s-${name}`, path]);
  return path;
}

const imageOf = (path: string): string => `${path}.img`;

/** A new ext4 in a file, on a loop device that goes when it is unmounted. */
async function mountFresh(path: string, bytes: number): Promise<void> {
  await run('truncate', ['--size', String(bytes), imageOf(path)]);
  await run('mkfs.ext4', ['-q', '-F', imageOf(path)]);
  await run('mount', ['-o', 'loop', imageOf(path), path]);
}

/** A loop device over a file; its node bears the volume's name, since the numbers of loop devices are given out again. */
async function makeDevice(path: string, bytes: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await run('truncate', ['--size', String(bytes), imageOf(path)]);
  const loop = (await run('losetup', ['--find', '--show', imageOf(path)])).trim();
  const numbers = await run('stat', ['--format', '0x%t 0x%T', loop]);
  // As nodes have their disks: for root, and for one group.
  await run('mknod', ['--mode=660', path, 'b', ...numbers.trim().split(' ')]);
  await run('chgrp', ['disk', path]);
}

/** Makes a volume larger that has a size: a device, or a tmpfs. */
export async function growVolume(path: string, bytes: number): Promise<void> {
  if (statSync(path).isBlockDevice()) {
    await run('truncate', ['--size', String(bytes), imageOf(path)]);
    const loops = await run('losetup', ['--associated', imageOf(path), '--noheadings', '--output', 'NAME']);
    await run('losetup', ['--set-capacity', loops.trim()]);
  } else if (existsSync(imageOf(path))) throw new Error(`${path} has a file system that does not grow here`);
  else if (statSync(path).dev !== statSync(dirname(path)).dev)
    await run('mount', ['-o', `remount,size=${bytes}`, path]);
}

/** Removes a volume's folder and all that is in it. */
export async function removeVolume(place: string, name: string): Promise<void> {
  const path = join(volumeDir(place), name);
  if (statSync(path, { throwIfNoEntry: false })?.isBlockDevice()) await detachLoops(imageOf(path));
  else await unmountBelow(path);
  rmSync(path, { recursive: true, force: true });
  rmSync(imageOf(path), { force: true });
}
