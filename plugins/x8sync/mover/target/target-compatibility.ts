/** A source and a target that can't keep all of it: what is said, what is refused, what is left out. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import {
  type FileFeature,
  type LargeFile,
  type Limits,
  type Loss,
  type OutOfRangeTime,
  type Times,
  usualNameBytes,
} from '../protocol/losses.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { MessageWriter } from '../protocol/runtime.ts';
import { patternOf } from '../rsync/patterns.ts';
import { leavesOutFile } from '../volume/filters.ts';
import type { TargetTraits } from './target-traits.ts';

/** Names in one message. */
const shownNames = 5;

type Asked = Pick<
  Source,
  'losses' | 'collisions' | 'times' | 'timesExactly' | 'mayHave' | 'mayHaveNamesBeyond'
>;

export class TargetCompatibility {
  /** What the target can't keep, and which names are skipped. */
  losses: readonly Loss[] = [];
  /** Files that are there as well as the target can keep them: rsync would copy them again for their time. */
  present: readonly OutOfRangeTime[] = [];
  readonly #traits: TargetTraits;
  readonly #source: Asked;
  readonly #messages: MessageWriter;
  #skipped: readonly string[] = [];
  #outOfRange: readonly OutOfRangeTime[] = [];
  #knewTimes = false;
  #outOfRangeFiles = 0;

  constructor(traits: TargetTraits, source: Asked, messages: MessageWriter) {
    this.#traits = traits;
    this.#source = source;
    this.#messages = messages;
  }

  /**
   * Compares the source with what the target keeps, and says what will be lost. Asks nothing of a target that keeps
   * all.
   *
   * @param holdsFiles the target has files that may be there as well as it can keep them.
   * @throws MoverExit where names fall together, and are not to be skipped, or a file is too large.
   */
  async look(
    { onCollision, selection: { filters } }: Pick<CopyOptions, 'onCollision' | 'selection'>,
    holdsFiles: boolean,
  ): Promise<void> {
    const { caseless, normalizing, owner, modes, times, fileBytes } = this.#traits;
    if (caseless || normalizing) {
      const groups = await this.#source.collisions({ caseless, normalizing });
      if (groups.length > 0 && onCollision === 'refuse') throw collision(groups);
      this.#skipped = groups.flatMap((group) => group.slice(1));
    }
    // A large source takes its time for them; into an empty target all is copied anyway, and that can wait.
    const found = times && holdsFiles ? await this.#source.timesExactly() : this.#source.times;
    this.#knewTimes = found !== undefined;
    const isOdd = times && found && exceeds(found, times);
    const never = this.#never();
    const kept = { ...(owner && { owner }), ...(modes && { modes }), ...(isOdd && { times }) };
    const tooLarge = await this.#ask({ ...never, ...kept, ...(fileBytes !== undefined && { fileBytes }) });
    const copied = tooLarge.filter(({ name }) => !leavesOutFile(filters, name));
    if (copied.length > 0) throw largerThan(fileBytes ?? 0, copied);
    const [count, names] = [this.#skipped.length, this.#skipped.slice(0, 20)];
    if (count > 0) this.#lose([{ kind: 'names', count, names }]);
  }

  /** What the target does not have at all, and the source may. */
  #never(): Limits {
    const { unsupported, nameBytes } = this.#traits;
    const missed = unsupported.filter((kind) => isAttribute(kind) || this.#source.mayHave(kind));
    const isShort = nameBytes < usualNameBytes && this.#source.mayHaveNamesBeyond(nameBytes);
    return { ...(missed.length > 0 && { unsupported: missed }), ...(isShort && { nameBytes }) };
  }

  /** More files than can be left out by name have times that the target can't keep: only content tells them. */
  get needsContent(): boolean {
    return this.#outOfRangeFiles > this.#outOfRange.length;
  }

  /** Looks at times once all is copied, where nobody knew them before: a walk through a large source takes its time. */
  async finish(): Promise<void> {
    const { times } = this.#traits;
    if (times && !this.#knewTimes && exceeds(await this.#source.timesExactly(), times))
      await this.#ask({ times });
  }

  /** Resolves with the files that are too large. */
  async #ask(limits: Limits): Promise<readonly LargeFile[]> {
    if (Object.keys(limits).length === 0) return [];
    const { losses, outOfRange, outOfRangeFiles, tooLarge = [] } = await this.#source.losses(limits);
    this.#outOfRange = outOfRange;
    this.#outOfRangeFiles = outOfRangeFiles;
    this.#lose(losses);
    return tooLarge;
  }

  #lose(losses: readonly Loss[]): void {
    this.losses = [...this.losses, ...losses];
    for (const loss of losses) this.#messages.write('notice', { text: describe(loss, this.#traits) });
  }

  /**
   * Patterns of rsync for what is left out, one for each name. Right before the copy: a forced one has emptied all.
   *
   * @param byContent rsync looks at contents, and at no times.
   */
  excluded(target: string, byContent: boolean): readonly string[] {
    const odd = byContent ? [] : this.#outOfRange;
    this.present = odd.filter((file) => this.#isPresent(join(target, file.name), file));
    const { nameBytes } = this.#traits;
    const tooLong = nameBytes < usualNameBytes ? [`${'?'.repeat(nameBytes + 1)}*`] : [];
    return [...tooLong, ...[...this.#skipped, ...this.present.map(({ name }) => name)].map(patternOf)];
  }

  #isPresent(path: string, { bytes, seconds }: OutOfRangeTime): boolean {
    const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    const { times } = this.#traits;
    if (!found?.isFile() || !times || found.size !== BigInt(bytes)) return false;
    const nearest = Math.min(Math.max(seconds, times.first), times.last);
    return found.mtimeNs / 1_000_000_000n === BigInt(nearest);
  }
}

const isAttribute = (kind: FileFeature): kind is 'xattrs' | 'acls' => kind === 'xattrs' || kind === 'acls';

const exceeds = ({ first, last }: Times, limits: Times): boolean =>
  first < limits.first || last > limits.last;

function collision(groups: readonly (readonly string[])[]): MoverExit {
  const shown = groups
    .slice(0, shownNames)
    .map((group) => group.map((name) => JSON.stringify(name)).join(' and '));
  const more = groups.length > shownNames ? `, and ${groups.length - shownNames} more` : '';
  return new MoverExit(
    'refused',
    `the target does not tell these names apart, and one file would take the other's place: ${shown.join(', ')}${more}; --on-collision skip copies the first of each`,
  );
}

function largerThan(fileBytes: number, files: readonly LargeFile[]): MoverExit {
  const shown = files
    .slice(0, shownNames)
    .map(({ name, bytes }) => `${JSON.stringify(name)} (${bytes} bytes)`);
  const more = files.length > shownNames ? `, and ${files.length - shownNames} more` : '';
  return new MoverExit(
    'refused',
    `the file system of the target takes files of ${fileBytes} bytes at most, and the source has larger ones: ${shown.join(', ')}${more}; leave them out with --exclude, or take a target of another file system`,
  );
}

function describe({ kind, count, names }: Loss, { owner, modes, times, nameBytes }: TargetTraits): string {
  const what = {
    ownership: `the target keeps no owners (all is ${owner?.uid}:${owner?.gid} there)`,
    modes: `the target keeps no modes (files have ${octal(modes?.file)}, folders ${octal(modes?.folder)} there)`,
    times: `the target keeps times from ${dateOf(times?.first)} to ${dateOf(times?.last)} only`,
    symlinks: 'the target has no symbolic links, and these are left out',
    hardlinks: 'the target has no hard links, and each name becomes a file of its own',
    xattrs: 'the target keeps no extended attributes of users (user.*)',
    acls: 'the target keeps no ACLs',
    'long names': `the target takes names of ${nameBytes} bytes at most, and longer ones are left out`,
    names: 'the target does not tell some names apart, and these are skipped',
  }[kind];
  const shown = names.slice(0, shownNames).map((name) => JSON.stringify(name));
  return `${what}: ${count} of the source's entries (${shown.join(', ')}${count > shown.length ? ', …' : ''})`;
}

const octal = (mode = 0): string => mode.toString(8).padStart(3, '0');
const dateOf = (seconds = 0): string => new Date(seconds * 1000).toISOString().slice(0, 10);
