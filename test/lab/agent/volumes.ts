/** The folders behind the lab's volumes: on disk, or a tmpfs as large as the claim asks for. */
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { volumeDir } from '../config.ts';
import { unmountBelow } from '../down.ts';
import { run } from '../shell.ts';

/** How a volume is made. */
export interface VolumeRequest {
  readonly name: string;
  /** The node that holds it, or the cluster where all of its nodes see it. */
  readonly place: string;
  readonly medium: 'disk' | 'tmpfs';
  readonly bytes: number;
  /** How many files fit, where that is limited too. */
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

/** Makes a volume's folder and returns its path; one that is there is used again. */
export async function makeVolume({ name, place, medium, bytes, inodes }: VolumeRequest): Promise<string> {
  const path = join(volumeDir(place), name);
  if (existsSync(path)) return path;
  mkdirSync(path, { recursive: true });
  // No umask: whoever a pod runs as must be able to write, as with other simple provisioners.
  chmodSync(path, 0o777);
  const options = [`size=${bytes}`, 'mode=777', ...(inodes ? [`nr_inodes=${inodes}`] : [])];
  if (medium === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', options.join(','), `x8s-${name}`, path]);
  return path;
}

/** Removes a volume's folder and all that is in it. */
export async function removeVolume(place: string, name: string): Promise<void> {
  const path = join(volumeDir(place), name);
  await unmountBelow(path);
  rmSync(path, { recursive: true, force: true });
}
