/** A block device as a file that is read and written in place. */
import { closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Extent } from '../ranges/layout.ts';

const { O_RDONLY, O_RDWR } = constants;
const chunkBytes = 1 << 20;

/** What a side tells of its device. */
export interface DeviceInfo {
  readonly bytes: number;
  /** Equal for two devices only where they are one; empty where that can't be told. */
  readonly identity: string;
}

/** Why a device can't be used by this user, in words; undefined where it can. */
export function deviceProblem(
  path: string,
  to: 'read' | 'write',
  what: string,
  uid: number,
): string | undefined {
  try {
    closeSync(openSync(path, to === 'read' ? O_RDONLY : O_RDWR));
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') return `the pod may not ${to} the device of ${what}: its node does not let it`;
    if (code !== 'EACCES') return `the device of ${what} can't be opened: ${(error as Error).message}`;
    const { uid: owner, gid, mode } = statSync(path);
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    return `user ${uid} can't ${to} the device of ${what}: it belongs to ${owner}:${gid} and has mode ${octal}`;
  }
}

/** @throws Error where it can't be opened. */
export function deviceInfo(path: string): DeviceInfo {
  const file = openSync(path, O_RDONLY);
  try {
    return { bytes: sizeOf(file), identity: identityOf(path) };
  } finally {
    closeSync(file);
  }
}

/** A device has no size that stat(2) tells, so it ends where nothing can be read any more. */
function sizeOf(file: number): number {
  const byte = Buffer.alloc(1);
  const isWithin = (offset: number) => readSync(file, byte, 0, 1, offset) === 1;
  if (!isWithin(0)) return 0;
  let [within, beyond] = [0, chunkBytes];
  while (isWithin(beyond)) [within, beyond] = [beyond, beyond * 2];
  while (beyond - within > 1) {
    const middle = Math.floor((within + beyond) / 2);
    if (isWithin(middle)) within = middle;
    else beyond = middle;
  }
  return beyond;
}

/** Device numbers are a node's own, and a node has one boot id at a time. */
function identityOf(path: string): string {
  const found = statSync(path);
  if (!found.isBlockDevice()) return `${found.dev}:${found.ino}`;
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${found.rdev}`;
  } catch {
    return '';
  }
}

/**
 * Reads a part of a device, a piece ahead of whoever takes it. Each piece is valid until the next one is asked for.
 *
 * @throws Error where it can't be read, or ends before.
 */
export async function* readDevice(path: string, [start, length]: Extent): AsyncGenerator<Buffer> {
  const file = await open(path, O_RDONLY);
  const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const;
  const read = (piece: number) => {
    const at = piece * chunkBytes;
    const buffer = buffers[piece % 2] as Buffer;
    return readWhole(file, buffer.subarray(0, Math.min(chunkBytes, length - at)), start + at);
  };
  let next = length > 0 ? read(0) : undefined;
  try {
    for (let piece = 0; next; piece += 1) {
      const chunk = await next;
      next = (piece + 1) * chunkBytes < length ? read(piece + 1) : undefined;
      // It is awaited in the next turn, and may fail before that.
      next?.catch(() => {});
      yield chunk;
    }
  } finally {
    await next?.catch(() => {});
    await file.close();
  }
}

async function readWhole(file: FileHandle, buffer: Buffer, offset: number): Promise<Buffer> {
  for (let at = 0; at < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, at, buffer.length - at, offset + at);
    if (bytesRead === 0) throw new Error(`the device ends at ${offset + at} bytes`);
    at += bytesRead;
  }
  return buffer;
}
