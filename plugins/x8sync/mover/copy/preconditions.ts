/** What must be so before a byte of the target is touched, and the room that there is. */

import { isThrough, MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import type { SourceRsync } from '../access/source-rsync.ts';
import { type CopyOptions, emptiesTarget, isDryRun } from '../protocol/options.ts';
import type { Room } from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { firstLine, run } from '../system/programs.ts';
import { emptyFolder } from '../target/target-content.ts';
import { type Amount, diskOf } from '../volume/disk.ts';
import { filterOf } from '../volume/filters.ts';
import { isKept, keptNames, lostFoundName, targetTree } from '../volume/tree.ts';
import { allocatedBelow, blockOf, fits, Growth, stagedAmount, wipedAmount } from './room.ts';

type ContentOptions = Pick<CopyOptions, 'mode' | 'deletes' | 'allowEmpty' | 'selection'>;

/**
 * A source that holds nothing is the wrong one, or a volume that is not really there: it is copied only where a person
 * has said that it may be empty. What patterns leave of it only rsync can tell. Before anything of the target goes, the
 * source must have answered with its whole list.
 *
 * @throws MoverExit with the target as it was.
 */
export async function requireContent(
  { mode, deletes, allowEmpty, selection }: ContentOptions,
  source: Pick<Source, 'holdsNothing'>,
  rsync: Pick<SourceRsync, 'list'>,
): Promise<void> {
  const hasPatterns = selection.filters.length > 0;
  if (source.holdsNothing && !allowEmpty) throw empty(false);
  const takesAway = emptiesTarget(mode) || deletes !== 'nothing';
  if (!takesAway && (allowEmpty || !hasPatterns)) return;
  const { ran, entries } = await rsync.list(takesAway ? undefined : 2);
  if (ran.code !== 0)
    throw new MoverExit('source-failed', `the source could not be listed: ${firstLine(ran.stderr)}`);
  // The root is an entry itself.
  if (entries <= 1 && !allowEmpty) throw empty(hasPatterns);
}

const empty = (hasPatterns: boolean): MoverExit =>
  new MoverExit(
    'source-empty',
    `${hasPatterns ? 'the patterns leave out all that the source has' : 'the source is empty'}: the target was not touched`,
  );

/**
 * In the root of a volume lost+found is its file system's, so what a folder of the source has under that name can't go
 * there.
 *
 * @throws MoverExit with the target as it was.
 */
export function requireFreeName(
  { ownLostFound }: Pick<Source, 'ownLostFound'>,
  { selection: { filters } }: Pick<CopyOptions, 'selection'>,
  { paths }: Pick<Runtime, 'paths'>,
): void {
  const isTaken = isKept(targetTree(paths), lostFoundName);
  if (ownLostFound === 'none' || !isTaken || filterOf(filters)(lostFoundName, ownLostFound === 'folder'))
    return;
  throw new MoverExit(
    'refused',
    `the folder of the source has an entry ${lostFoundName}, a name that the target volume's root keeps for its file system: give --target-path, or leave it out with --exclude /${lostFoundName}`,
  );
}

/** What room is needed, and there is: looked at only as closely as it takes to tell. */
export class RoomCheck {
  readonly #options: Pick<CopyOptions, 'mode' | 'selection'>;
  readonly #runtime: Runtime;
  readonly #source: Pick<Source, 'used' | 'exactly'>;
  readonly #rsync: Pick<SourceRsync, 'compare'>;

  constructor(
    options: Pick<CopyOptions, 'mode' | 'selection'>,
    runtime: Runtime,
    source: Pick<Source, 'used' | 'exactly'>,
    rsync: Pick<SourceRsync, 'compare'>,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#source = source;
    this.#rsync = rsync;
  }

  /** @throws MoverExit where the source does not fit, or that is not known. A dry run only warns. */
  async require(): Promise<void> {
    const { paths, messages, signal } = this.#runtime;
    const { availableBytes, inodes, availableInodes } = await diskOf(paths.target, signal);
    const free = { bytes: availableBytes, inodes: inodes > 0 ? availableInodes : undefined };
    const shortage = await this.shortage(free);
    if (!shortage) return;
    const { needBytes, needInodes, freeBytes, freeInodes } = shortage;
    const text = `the copy needs ${needBytes} bytes and ${needInodes} inodes, and the target has ${freeBytes} and ${freeInodes} free`;
    if (!isDryRun(this.#options.mode)) throw new MoverExit('no-room', text, shortage);
    messages.write('notice', { text: `a copy would be refused before its first byte: ${text}` });
  }

  /** What is missing; undefined where nothing is. */
  async shortage(free: Amount): Promise<Room | undefined> {
    if (fits(this.#source.used, free)) return undefined;
    const all = await this.#source.exactly();
    if (fits(all, free)) return undefined;
    const { paths, signal } = this.#runtime;
    const { mode, selection } = this.#options;
    const forced = emptiesTarget(mode);
    const staged = sum(free, await stagedAmount(paths.staging, signal));
    const room = forced ? sum(staged, await wipedAmount(targetTree(paths), signal)) : staged;
    const into = forced ? await emptyFolder(this.#runtime) : paths.target;
    // What is left out of a forced copy needs no room, and only rsync tells how much that is.
    const isAll = forced && selection.filters.length === 0;
    const need = isAll ? all : await this.#growth(all.bytes, into);
    if (fits(need, room)) return undefined;
    return {
      needBytes: need.bytes,
      freeBytes: room.bytes,
      needInodes: need.inodes ?? 0,
      freeInodes: room.inodes ?? -1,
    };
  }

  async #growth(sourceBytes: number, into: string): Promise<Amount> {
    const allocated = allocatedBelow(into);
    const block = await blockOf(this.#runtime.paths.target);
    const { ran, growth } = await this.#rsync.compare(() => new Growth(allocated, block), into);
    if (!isThrough(ran.code))
      throw new MoverExit('source-failed', `the two sides could not be compared: ${firstLine(ran.stderr)}`);
    return growth.need(sourceBytes);
  }
}

const sum = (one: Amount, other: Amount): Amount => ({
  bytes: one.bytes + other.bytes,
  inodes: one.inodes === undefined ? undefined : one.inodes + (other.inodes ?? 0),
});

/**
 * How a copy ends whose target took no more since it has no inodes: rsync has the same words for these as for bytes.
 * Undefined where it is bytes that lack.
 */
export async function inodesShortage({ paths, signal }: Runtime): Promise<MoverExit | undefined> {
  const { availableBytes, inodes, availableInodes } = await diskOf(paths.target, signal);
  if (inodes === 0 || availableInodes > 0) return undefined;
  return new MoverExit(
    'no-room',
    `the target ran out of inodes while it was copied to: it takes no more files, though ${availableBytes} bytes are free; what arrived is kept`,
    { needBytes: 0, freeBytes: availableBytes, needInodes: 1, freeInodes: 0 },
  );
}

/** Empties the target but for what is no part of it. @throws MoverExit */
export async function wipeTarget({ paths, messages, signal }: Runtime): Promise<void> {
  messages.log('info', 'emptying the target');
  const kept = keptNames(targetTree(paths)).flatMap((name) => ['!', '-name', name]);
  const remove = ['-exec', 'rm', '-rf', '--one-file-system', '--', '{}', '+'];
  const args = [paths.target, '-mindepth', '1', '-maxdepth', '1', ...kept, ...remove];
  const { code, stderr } = await run('find', args, { signal });
  if (code === 0) return;
  const said = stderr.trim().split('\n').slice(0, 3).join('; ');
  throw new MoverExit(
    'io',
    `the target is emptied in part: what could be removed is gone, and the rest stays: ${said}`,
  );
}
