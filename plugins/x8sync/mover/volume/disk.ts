/** What a file system has and has free. */
import { lastLine, run } from '../system/programs.ts';

export interface Disk {
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly availableBytes: number;
  /** Inodes: 0 where the file system does not count them. */
  readonly inodes: number;
  readonly usedInodes: number;
  readonly availableInodes: number;
}

/** Bytes and inodes: of the source, or those that are free. `inodes` is undefined where they are not counted. */
export interface Amount {
  readonly bytes: number;
  readonly inodes: number | undefined;
}

const columns = 'size,used,avail,itotal,iused,iavail';

/** By `df`: Node's statfs does not tell the unit that FUSE and some network file systems count blocks in. */
export async function diskOf(path: string, signal?: AbortSignal): Promise<Disk> {
  const { code, stdout, stderr } = await run('df', ['-B1', `--output=${columns}`, path], { signal });
  if (code !== 0) throw new Error(`the file system at ${path} does not tell its size: ${lastLine(stderr)}`);
  return parseDisk(lastLine(stdout));
}

/** The last line of what `df` prints; `-` stands for what is not counted. */
export function parseDisk(line: string): Disk {
  const [sizeBytes = 0, usedBytes = 0, availableBytes = 0, inodes = 0, usedInodes = 0, availableInodes = 0] =
    line
      .trim()
      .split(/\s+/)
      .map((word) => (word === '-' ? 0 : Number(word)));
  return { sizeBytes, usedBytes, availableBytes, inodes, usedInodes, availableInodes };
}
