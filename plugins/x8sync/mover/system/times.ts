/** Times of folders that we must touch for a moment. */
import { stat } from 'node:fs/promises';
import { run } from './programs.ts';

/** Does something in a folder, and gives the folder its time back, where we may. */
export async function timeKept<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const time = await modifiedAt(folder);
  try {
    return await work();
  } finally {
    await setModified(folder, time);
  }
}

/** By `touch`: Node's own times have fewer digits. Nothing happens where we may not. */
export async function setModified(path: string, time: string): Promise<void> {
  await run('touch', ['-m', '-d', `@${time}`, path]);
}

/** Seconds since 1970, with nine digits behind the point. */
export async function modifiedAt(path: string): Promise<string> {
  const { mtimeNs } = await stat(path, { bigint: true });
  return secondsOf(mtimeNs);
}

/** Nanoseconds as seconds with nine digits behind the point, as touch reads them. */
export function secondsOf(nanoseconds: bigint): string {
  const billion = 1_000_000_000n;
  const seconds = nanoseconds / billion - (nanoseconds % billion < 0n ? 1n : 0n);
  return `${seconds}.${String(nanoseconds - seconds * billion).padStart(9, '0')}`;
}
