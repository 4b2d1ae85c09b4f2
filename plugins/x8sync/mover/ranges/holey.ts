/** Files whose holes are worth more than what they hold: rsync would read and send their holes as zeros. */
import { lstatSync } from 'node:fs';

/** A file of the source, as a walk sees it. */
export interface HoleyFile {
  /** Path below the source, in base64url: names may be of any bytes. */
  readonly path: string;
  readonly bytes: number;
  /** Seconds since 1970, with the digits that the file system keeps. */
  readonly modified: string;
}

/** Holes of fewer bytes are soon read. */
export const worthHoles = 64 << 20;
/** A tree of more such files has them told in part. */
export const mostHoley = 100;

/** Those that the target does not have by size and time. @param fractions the target keeps fractions of seconds. */
export function missingFrom(target: string, files: readonly HoleyFile[], fractions: boolean): Buffer[] {
  return files
    .filter((file) => !isPresent(target, file, fractions))
    .map(({ path }) => Buffer.from(path, 'base64url'));
}

function isPresent(target: string, { path, bytes, modified }: HoleyFile, fractions: boolean): boolean {
  const place = Buffer.concat([Buffer.from(`${target}/`), Buffer.from(path, 'base64url')]);
  const found = lstatSync(place, { throwIfNoEntry: false, bigint: true });
  if (!found?.isFile() || found.size !== BigInt(bytes)) return false;
  const [seconds = '', digits = ''] = modified.split('.');
  // Times before 1970 are rare enough to be compared by rsync.
  if (!/^\d+$/.test(seconds)) return true;
  const wanted =
    BigInt(seconds) * 1_000_000_000n + (fractions ? BigInt(digits.slice(0, 9).padEnd(9, '0')) : 0n);
  return wanted === (fractions ? found.mtimeNs : (found.mtimeNs / 1_000_000_000n) * 1_000_000_000n);
}
