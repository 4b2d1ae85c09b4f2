/** What the target's file system keeps of a file, tried out in the staging folder before anything is copied. */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileFeature, usualNameBytes } from '../protocol/losses.ts';
import { run } from '../system/programs.ts';
import { fileBytesOf } from './file-size.ts';
import { isFull, nameBytesOf, unsupportedFeatures } from './target-probes.ts';

export interface TargetTraits {
  /** `A` and `a` are one name. */
  readonly caseless: boolean;
  /** One letter written in two ways is one name. */
  readonly normalizing: boolean;
  /** Whom all entries belong to, where that can't be changed, or is not when it is asked for. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** The modes that files and folders have, where they can't be changed, or are not when it is asked for. */
  readonly modes?: { readonly file: number; readonly folder: number };
  /** The first and the last second of a file's time, where those that were tried do not all stay. */
  readonly times?: { readonly first: number; readonly last: number };
  readonly unsupported: readonly FileFeature[];
  /** The most bytes that a name may have. */
  readonly nameBytes: number;
  /** The most bytes of one file, where the source's largest may have more. */
  readonly fileBytes?: number;
  /** Fractions of seconds stay. */
  readonly fractions: boolean;
}

/** A target that keeps all. */
export const keepsAll: TargetTraits = {
  caseless: false,
  normalizing: false,
  unsupported: [],
  nameBytes: usualNameBytes,
  fractions: true,
};

const permissions = 0o7777;
/** Times at which file systems end: 1901, 2038, 2107, 2446, and what lies beyond each. */
const probedTimes = [
  -2_147_483_649, -2_147_483_648, 0, 2_147_483_647, 2_147_483_648, 4_354_819_200, 15_032_385_535,
  15_032_385_536,
];
/** Somebody who is neither root nor the image's own user. */
const somebody = 54_321;

/**
 * @param folder the staging folder, or one in it.
 * @param mayChown whether this process may give files away where the file system lets it.
 * @param largest bytes of the source's largest file; undefined where they are not known.
 */
export async function probeTarget(
  folder: string,
  mayChown: boolean,
  largest: number | undefined,
): Promise<TargetTraits> {
  const scratch = join(folder, `probe-${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(scratch);
    const file = join(scratch, 'Probe-\u00e9');
    writeFileSync(file, '');
    const [{ times, fractions }, unsupported] = await Promise.all([
      timesOf(scratch),
      unsupportedFeatures(scratch, file),
    ]);
    const owner = mayChown ? fixedOwner(file) : undefined;
    const modes = fixedModes(scratch, file);
    const fileBytes = fileBytesOf(scratch, largest);
    return {
      caseless: exists(join(scratch, 'pROBE-\u00e9')),
      normalizing: exists(join(scratch, 'Probe-e\u0301')),
      unsupported,
      nameBytes: nameBytesOf(scratch),
      fractions,
      ...(owner && { owner }),
      ...(modes && { modes }),
      ...(times && { times }),
      ...(fileBytes !== undefined && { fileBytes }),
    };
  } catch (error) {
    // A target that is full may still hold all that the source has, and then nothing is written to it.
    if (isFull(error)) return { ...keepsAll, fractions: false };
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function fixedOwner(file: string): TargetTraits['owner'] {
  const { uid, gid } = statSync(file);
  attempt(() => chownSync(file, somebody, somebody));
  const now = statSync(file);
  return now.uid === somebody && now.gid === somebody ? undefined : { uid, gid };
}

function fixedModes(folder: string, file: string): TargetTraits['modes'] {
  const differs = [0o640, 0o751].some((mode) => {
    attempt(() => chmodSync(file, mode));
    return modeOf(statSync(file)) !== mode;
  });
  return differs ? { file: modeOf(statSync(file)), folder: modeOf(statSync(folder)) } : undefined;
}

const modeOf = ({ mode }: Stats): number => mode & permissions;

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // What became of it is looked at afterwards.
  }
}

async function timesOf(folder: string): Promise<Pick<TargetTraits, 'times' | 'fractions'>> {
  const stays = async (time: string, expected: bigint) => {
    const file = join(folder, `time${time}`);
    // Node's own times are neither exact nor before 1970.
    const { code } = await run('touch', ['-m', '-d', `@${time}`, file]);
    return code === 0 && lstatSync(file, { bigint: true }).mtimeNs === expected;
  };
  const fractions = stays('1000000000.123456789', 1_000_000_000_123_456_789n);
  const all = await Promise.all(probedTimes.map((time) => stays(`${time}`, BigInt(time) * 1_000_000_000n)));
  const kept = probedTimes.filter((_, index) => all[index]);
  const [first, last] = [kept[0], kept.at(-1)];
  // Where none stays, it is not the range that keeps them from it.
  const isRange = kept.length < probedTimes.length && first !== undefined && last !== undefined;
  return { ...(isRange && { times: { first, last } }), fractions: await fractions };
}
