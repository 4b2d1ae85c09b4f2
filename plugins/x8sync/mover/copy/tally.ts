/** The figures of a copy, over all that rsync was run for. Pure. */
import type { OutOfRangeTime } from '../protocol/losses.ts';
import type { RsyncResult } from '../rsync/run.ts';
import type { Counts } from '../rsync/stats.ts';
import { withStreams } from './figures.ts';

/** Figures of what a pass has brought; the others are of the whole tree. */
const brought = [
  'transferredFiles',
  'transferredBytes',
  'createdEntries',
  'createdFiles',
  'literalBytes',
  'matchedBytes',
];

/** As many names as one run of rsync tells of. */
const mostFailures = 20;

export class Tally {
  #counts: Counts = {};
  #failures: readonly string[] = [];

  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** Names that could not be copied, the first twenty. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Puts figures in the place of those that there are. */
  set(counts: Counts): void {
    this.#counts = { ...this.#counts, ...counts };
  }

  /**
   * Adds what one run of rsync came to.
   *
   * @param attempt its number, from 1
   * @param deletes what only the target had is gone
   */
  note(
    { stats, errors }: Pick<RsyncResult, 'stats'> & { readonly errors: Pick<RsyncResult['errors'], 'names'> },
    { attempt, deletes }: { readonly attempt: number; readonly deletes: boolean },
  ): void {
    const { changes = 0, attributes = 0, removed = 0 } = this.#counts;
    const { extraneous, ...others } = stats;
    this.#counts = {
      // What was listed as the target's own is gone where it was deleted.
      ...(deletes ? others : stats),
      removed: removed + (deletes ? (extraneous ?? 0) : 0),
      changes: changes + (stats.changes ?? 0),
      attributes: attributes + (stats.attributes ?? 0),
    };
    const { transferredBytes = 0, totalBytes = 0 } = stats;
    // What a broken attempt brought of a file that the next one took up counts once.
    if (attempt > 1) this.#counts.transferredBytes = Math.min(transferredBytes, totalBytes);
    this.#failures = errors.names;
  }

  /** Adds names that could not be copied, beside those that rsync has complained of. */
  addFailures(names: readonly string[]): void {
    this.#failures = [...this.#failures, ...names].slice(0, mostFailures);
  }

  /** Adds what a further pass, which deletes nothing, has brought beside the pass before. */
  noteFurther(result: Parameters<Tally['note']>[0]): void {
    const before = this.#counts;
    this.note(result, { attempt: 1, deletes: true });
    const sum = (key: string) => (before[key] ?? 0) + (result.stats[key] ?? 0);
    this.set(Object.fromEntries(brought.map((key) => [key, sum(key)])));
  }

  /** Adds what the streams before the closing pass have brought. @param isItemized as {@link withStreams}. */
  addStreams(streams: Counts, isItemized: boolean): void {
    this.#counts = withStreams(this.#counts, streams, isItemized);
  }

  /**
   * Into an empty target all is new; into any other, rsync has listed each change.
   *
   * @param rootDiffers the root folder is another one than before, by its looks
   */
  countChanges(
    { code, skipped, rootChanged }: Pick<RsyncResult, 'code' | 'skipped' | 'rootChanged'>,
    { isItemized, rootDiffers }: { readonly isItemized: boolean; readonly rootDiffers: boolean },
  ): void {
    const { entries = 0, createdEntries = 0, changes = 0, attributes = 0 } = this.#counts;
    const made = code === 0 ? Math.max(0, entries - 1 - skipped) : createdEntries;
    const root = rootChanged || rootDiffers ? 1 : 0;
    this.set({ changes: (isItemized ? changes : made) + root, attributes: attributes + root });
  }

  /** What was left out because it is there already belongs to the source all the same. */
  countPresent(present: readonly Pick<OutOfRangeTime, 'bytes'>[]): void {
    const { entries = 0, files = 0, totalBytes = 0 } = this.#counts;
    this.set({
      entries: entries + present.length,
      files: files + present.length,
      totalBytes: present.reduce((sum, { bytes }) => sum + bytes, totalBytes),
    });
  }
}
