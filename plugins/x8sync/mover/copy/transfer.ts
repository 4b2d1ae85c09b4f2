/** The copy itself: again after a lost connection, and honest about what did not make it. */

import { isThrough, MoverExit, verdictOf } from '../access/exit.ts';
import { RetryBudget } from '../access/retry-budget.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { sendsWholeList } from '../parallel/choice.ts';
import { decideStreams, mayBeFar, roundTripOf } from '../parallel/decide.ts';
import { copyInStreams } from '../parallel/pass.ts';
import { podsNotice } from '../parallel/pods.ts';
import { compressionFor } from '../protocol/compression.ts';
import type { Loss } from '../protocol/losses.ts';
import { emptiesTarget } from '../protocol/options.ts';
import type { StreamsReport } from '../protocol/protocol.ts';
import { missingFrom } from '../ranges/holey.ts';
import { isNetworkCode, meaningOf } from '../rsync/codes.ts';
import type { RsyncResult } from '../rsync/run.ts';
import type { Counts } from '../rsync/stats.ts';
import { pause, run } from '../system/programs.ts';
import { emptyFolder, isEmpty, rootOf, tellRemovals } from '../target/target-content.ts';
import { accessProblem } from '../volume/access.ts';
import { deletionLimit, isMost, listsDeletions, requireNothingElse } from './deletions.ts';
import { contradictionIn } from './figures.ts';
import { requireSeparateTrees } from './nesting.ts';
import { inodesShortage, wipeTarget } from './preconditions.ts';
import type { Relation } from './relation.ts';
import { Tally } from './tally.ts';
import { type FitParts, TargetFit } from './target-fit.ts';
import { countTarget, LossSurvey } from './unprivileged-losses.ts';

/** A copy that is over by then shows no progress. */
const countAfterMs = 1000;

/** So long the kernel remembers by default which file a share has under a name (CIFS, FUSE), and a little more. */
const rememberedMs = 1500;

/** Names in one notice. */
const shownNames = 5;

/** What a dry run can't tell, since it writes nothing to the target. */
function dryRunLimits(relation: Relation): string {
  const nested =
    relation === 'unknown' ? ', and whether one volume lies in the other beyond their paths' : '';
  return `a dry run writes nothing, so it has not tried out whether the target may be written to, keeps owners, modes, times, links, attributes and ACLs, takes the largest file, and tells all names apart${nested}`;
}

/** That names would not come to their places, the first of them by name. */
function obstructionText(count: number, names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ');
  return `${count} of the source's names could not be put in their places, since folders stand there that are not empty, and only --delete empties them: ${shown}${count > shownNames ? ', …' : ''}`;
}

/** What a copy works with, once the source is reached. */
export interface TransferParts extends FitParts {
  readonly connection: SourceAccess;
  /** How the two volumes lie to each other, as far as their mounts show. */
  readonly relation: Relation;
}

export class Transfer {
  /** Kinds of things that could not be kept. */
  lost: readonly string[] = [];
  readonly #parts: TransferParts;
  readonly #tally = new Tally();
  readonly #fit: TargetFit;
  readonly #attempts: RetryBudget;
  /** How the files were spread over streams; undefined before. */
  streams: StreamsReport | undefined;
  /** rsync tells of each entry that it changes. */
  #itemized = false;
  /** So many entries may be deleted; undefined where none may. */
  #mostDeletions: number | undefined;
  /** Entries that only the target had before the first byte; undefined where they were not counted. */
  #own: 0 | undefined;
  /** An earlier run of this task was stopped while it copied. */
  #resumed = false;
  readonly #roundTrip: () => Promise<number | undefined>;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#fit = new TargetFit(parts);
    this.#roundTrip = roundTripOf(parts);
    this.#attempts = new RetryBudget(parts.options.retries);
  }

  get stats(): Readonly<Counts> {
    return this.#tally.counts;
  }

  /** Names that could not be copied, the first twenty. */
  get failures(): readonly string[] {
    return this.#tally.failures;
  }

  /** What of the source's entries the target's file system can't keep. */
  get losses(): readonly Loss[] {
    return this.#fit.losses;
  }

  /** Files are compared by their content, though nobody asked for that. */
  get byContent(): boolean {
    return this.#parts.rsync.byContent;
  }

  get attempts(): number {
    return this.#attempts.count;
  }

  /** Says what would be done. */
  async dryRun(): Promise<MoverExit> {
    const { options, runtime, rsync } = this.#parts;
    this.#attempts.count = 1;
    await this.#fit.observe();
    runtime.messages.write('notice', { text: dryRunLimits(this.#parts.relation) });
    await this.#fit.leaveOut();
    const removed = emptiesTarget(options.mode) ? await tellRemovals(runtime) : 0;
    const result = await rsync.dryRun(emptiesTarget(options.mode) ? await emptyFolder(runtime) : undefined);
    this.#note(result);
    this.#tally.set({ removed });
    if (listsDeletions(result.code)) this.#tally.set({ extraneous: this.stats.extraneous ?? 0 });
    if (options.deletes !== 'nothing') await this.#dryRunDeletions();
    this.#noteObstructions(result);
    return this.#verdict(result);
  }

  /** What rsync counts as copied there, since its dry run deletes what stands in the way, and the copy does not. */
  #noteObstructions({ obstructions, stats }: RsyncResult): void {
    const { count, files, created, names } = obstructions;
    if (count === 0) return;
    const less = (of: string, by: number) => Math.max(0, (stats[of] ?? 0) - by);
    this.#tally.set({
      obstructed: count,
      createdEntries: less('createdEntries', created),
      transferredFiles: less('transferredFiles', files),
    });
    this.#tally.addFailures(names);
    this.#parts.runtime.messages.write('notice', { text: obstructionText(count, names) });
  }

  async #dryRunDeletions(): Promise<void> {
    const { options, runtime } = this.#parts;
    const { paths, messages, signal } = runtime;
    const { extraneous = 0 } = this.stats;
    this.#tally.set({ removed: extraneous, extraneous: 0 });
    const there = await countTarget(paths, signal);
    if (options.deletes === 'half' && isMost(extraneous, there - 1))
      messages.write('notice', {
        text: `more than half of the target would be deleted, which a copy asks for first`,
      });
  }

  /** Copies. @throws MoverExit, and what opening a connection throws. */
  async run(): Promise<MoverExit> {
    const { options, runtime, connection } = this.#parts;
    const before = rootOf(runtime.paths.target);
    // Beside the trying out of the target, and only where it will be needed.
    if (mayBeFar(this.#parts) || (await isEmpty(runtime))) void this.#roundTrip();
    await this.#prepareTarget();
    const survey = options.privileges === 'user' ? new LossSurvey(connection, runtime) : undefined;
    const over = new AbortController();
    void this.#countBeside(over.signal);
    const result = await this.#copyAll().finally(() => over.abort());
    // Before the staging folder goes, whose inodes are free again then.
    const shortage = result.errors.full ? await inodesShortage(runtime) : undefined;
    if (isThrough(result.code)) {
      await this.#settle(result, survey);
      const rootDiffers = before !== rootOf(runtime.paths.target);
      this.#tally.countChanges(result, { isItemized: this.#itemized, rootDiffers });
    }
    return shortage ?? this.#verdict(result);
  }

  /** For the progress of a copy that takes longer. Never rejects. */
  async #countBeside(over: AbortSignal): Promise<void> {
    try {
      await pause(countAfterMs, over);
      await this.#parts.source.count();
    } catch {
      // It is over, or the source did not tell.
    }
  }

  async #prepareTarget(): Promise<void> {
    const { options, runtime, staging, source, relation } = this.#parts;
    const why = accessProblem(runtime.paths.target, 'write', 'the target volume', runtime.uid);
    if (why !== undefined) throw new MoverExit('closed', why);
    const phase = await staging.open();
    this.#resumed = phase === 'copying';
    if (relation === 'unknown') await requireSeparateTrees(source, staging, runtime);
    await this.#fit.tryOut();
    if (phase !== 'copying') {
      if (options.mode === 'force') {
        await staging.note('wiping');
        await wipeTarget(runtime);
      }
      await staging.note('copying');
    }
    this.#itemized = !(await isEmpty(runtime));
    if (this.#itemized && this.#fit.needsContent) this.#fit.compareContent();
    await this.#fit.leaveOut();
    if (!this.#itemized) this.#own = 0;
    else if (options.nothingElse) this.#own = await requireNothingElse(this.#parts);
    if (options.deletes !== 'nothing' && this.#itemized)
      this.#mostDeletions = await deletionLimit(options.deletes, this.#parts);
  }

  /** By streams first, where that is quicker; then the one pass over the whole tree that has the last word. */
  async #copyAll(): Promise<RsyncResult> {
    const holdsFiles = this.#itemized && !this.#resumed;
    const { options, connection, rsync } = this.#parts;
    const { choice, pods, saw } = await decideStreams(this.#parts, holdsFiles, this.#roundTrip);
    const notice = podsNotice(options.pods, pods);
    if (notice !== undefined) this.#parts.runtime.messages.write('notice', { text: notice });
    rsync.hasWholeList = sendsWholeList(saw);
    const { parallelism, why } = choice;
    // Between two folders of one pod there is no line.
    if (connection.sshConfig !== undefined)
      rsync.compression = compressionFor(options.compress, saw.compressedShare);
    const { compression } = rsync;
    const asked = { copied: 1, asked: pods.pods, files: 0, why: pods.why };
    this.streams = { parallelism, why, saw, compression, partitions: 1, files: 0, again: 0, pods: asked };
    const only = parallelism === 1 ? this.#missingHoley() : undefined;
    if (only?.length === 0) return this.#copy(0);
    const { counts, workers, filesOfWorkers, ...done } = await copyInStreams(
      this.#parts,
      { choice, pods: pods.pods },
      only,
    );
    this.streams = {
      ...this.streams,
      ...done,
      pods: { ...asked, copied: 1 + workers, files: filesOfWorkers },
    };
    const result = await this.#copy(counts.transferredBytes ?? 0);
    this.#tally.addStreams(counts, this.#itemized);
    return result;
  }

  /** Files with large holes that are not there yet: one stream fetches what they hold beforehand. */
  #missingHoley(): Buffer[] {
    const { options, runtime, source, rsync } = this.#parts;
    if (options.bandwidth !== '') return [];
    return missingFrom(runtime.paths.target, source.holey, rsync.traits.fractions);
  }

  /**
   * rsync until it is through, or is given up.
   *
   * @param brought bytes that are there by streams.
   */
  async #copy(brought: number): Promise<RsyncResult> {
    const { runtime, connection, staging, rsync } = this.#parts;
    for (let base = brought; ; ) {
      this.#attempts.count += 1;
      const since = performance.now();
      const how = { itemized: this.#itemized, mostDeletions: this.#mostDeletions };
      const result = await rsync.copy(staging, { attempt: this.#attempts.count, base, ...how });
      const { code, moved, errors } = result;
      this.#note(result);
      if (this.#mayHaveTaken(result)) return this.#copyTaken(result, base + moved);
      if (errors.full || !isNetworkCode(code, errors.refused)) return result;
      base += moved;
      if (!this.#attempts.broke(moved, performance.now() - since)) return result;
      const delay = this.#attempts.nextDelay();
      runtime.messages.log('warning', `${meaningOf(code)} (rsync code ${code}): trying again in ${delay} s`);
      await connection.reopen(delay * 1000);
      await staging.adoptOrphans();
    }
  }

  /**
   * Whether a deletion may have taken an entry that the source has under another case by now: what is not to be deleted is
   * found out before the pass, and the source lives on.
   */
  #mayHaveTaken({ code, stats }: RsyncResult): boolean {
    const { caseless, normalizing } = this.#parts.rsync.folding;
    const deletes = this.#mostDeletions !== undefined && (stats.extraneous ?? 0) > 0;
    return deletes && (caseless || normalizing) && isThrough(code);
  }

  /** Brings what a deletion has taken so, and deletes nothing. @param deleting the pass that did */
  async #copyTaken(deleting: RsyncResult, base: number): Promise<RsyncResult> {
    const { runtime, staging, rsync } = this.#parts;
    await pause(rememberedMs, runtime.signal);
    const result = await rsync.copy(staging, { attempt: 1, base, itemized: true, mostDeletions: undefined });
    this.#tally.noteFurther(result);
    // That the brake has stopped the deletions stays as it is.
    result.errors.undeleted = deleting.errors.undeleted;
    return { ...result, code: result.code === 0 && deleting.code === 25 ? 25 : result.code };
  }

  #note(result: RsyncResult): void {
    this.#tally.note(result, {
      attempt: this.#attempts.count,
      deletes: this.#mostDeletions !== undefined,
    });
  }

  /**
   * After the last byte: data on disk, entries counted, and the staging folder gone. A write that the kernel could not bring to the disk
   * shows here, and nowhere else.
   */
  async #settle(result: RsyncResult, survey: LossSurvey | undefined): Promise<void> {
    const { errors } = result;
    const { runtime, staging } = this.#parts;
    const { paths, signal } = runtime;
    const synced = await run('sync', ['-f', paths.target], { signal });
    if (synced.code !== 0) throw new MoverExit('io', 'the target could not be written to disk');
    this.#tally.set({ vanished: errors.vanished, undeleted: errors.undeleted });
    this.#tally.countPresent(this.#fit.present);
    await this.#fit.finish();
    const own = await this.#countOwn(result);
    if (own !== undefined) this.#tally.set({ extraneous: own });
    this.lost = [
      ...new Set([...((await survey?.lost()) ?? []), ...errors.lost, ...this.losses.map(({ kind }) => kind)]),
    ];
    if (!(await staging.close())) throw new MoverExit('io', `${staging.path} could not be removed`);
  }

  /** Entries that only the target has; undefined where that is not known. */
  async #countOwn({ code, skipped }: RsyncResult): Promise<number | undefined> {
    const { options, runtime } = this.#parts;
    const isCounted = options.nothingElse && this.#own !== undefined;
    if (code !== 0 || isCounted) return this.#own;
    // Every entry of the source is in the target now, so whatever the target has beyond that number is its own.
    const there = await countTarget(runtime.paths, runtime.signal);
    return there - (this.stats.entries ?? 0) + skipped;
  }

  /** The source held something when it was looked at, and rsync found nothing. */
  get #copiedNothing(): boolean {
    const { options, rsync } = this.#parts;
    // The root is an entry itself; what the target can't take is left out, and told.
    return !options.allowEmpty && rsync.exclude.length === 0 && (this.stats.entries ?? 0) <= 1;
  }

  #verdict({ code, errors }: RsyncResult): MoverExit {
    if (code === 0 && this.#copiedNothing)
      return new MoverExit('source-failed', 'the source had become empty by the time that it was copied');
    const verdict = verdictOf(code, errors, this.lost);
    const contradiction = isThrough(code) ? contradictionIn(this.stats) : undefined;
    if (contradiction === undefined) return verdict;
    const defect = `the figures of this copy contradict themselves (${contradiction}): look at the target before you rely on it, and report this`;
    return new MoverExit('failed', defect);
  }
}
