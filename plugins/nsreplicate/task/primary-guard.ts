/** Guards deletions: is the primary still the same cluster, and does it still have all that it had? */
import { type Moment, momentOf, msSince } from '../../../src/clock.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import { type AskUntilAnsweredOptions, askUntilAnswered } from '../clusters/ask-until-answered.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { WorkFailure } from '../clusters/failure.ts';
import type { SeenVersion } from '../clusters/seen-version.ts';
import type { BrakeState } from '../decide/brake.ts';
import { describe } from '../objects/keys.ts';
import type { Deletions } from '../reconcile/deletions.ts';
import type { PrimaryCheck } from '../reconcile/primary-check.ts';
import type { SavedState } from '../state/saved-state.ts';

const beforehand: BrakeState = { deletions: [], approved: 'all-found' };

/**
 * Copies bear the state sequence of the last record. Where that record is old, nothing would tell whether a copy was made
 * before or after a backup of the primary: so a record that is older than this is written again first.
 */
const RECENT_MS = 5000;

export interface PrimaryGuardOptions extends AskUntilAnsweredOptions {
  readonly saved: SavedState;
  readonly primary: Cluster;
  readonly warn: (text: string) => void;
  readonly isOlderNow: (known: SeenVersion) => Promise<boolean>;
  /** The primary as it is now, which may be another cluster; undefined: it has no kube-system namespace yet. */
  readonly primaryNow: () => Promise<Cluster | undefined>;
  /** It is another cluster: all that is known of it is void. */
  readonly primaryReplaced: () => void;
  /** What the record had counted to when an earlier run of this process wrote it last; 0: there was none. */
  readonly recorded: number;
  /** The state sequence as the primary has it; absent where the state is kept elsewhere. */
  readonly readSequence: (() => Promise<number>) | undefined;
  /** Writes the record now, with the next state sequence, if it can be written; absent as above. */
  readonly writeSequence: (() => Promise<unknown>) | undefined;
}

/** Stops deletions where the primary is not what it was. */
export class PrimaryGuard implements PrimaryCheck {
  readonly #options: PrimaryGuardOptions;
  readonly #saved: SavedState;
  readonly #primary: Cluster;
  /** The deletions of all replicas; they are stopped together. */
  readonly #deletions: Deletions[] = [];
  #confirmed: number;
  /** What the primary's record has counted to, at least. */
  #expected: number;
  /** When the record was asked to be written that was written last, or it was last tried in vain. */
  #writtenAt: Moment | undefined;
  #writing: Promise<unknown> | undefined;
  #confirming: Promise<void> | undefined;
  #recognising: Promise<void> | undefined;
  /** The newest state sequence that copies of earlier runs bear. */
  #seen = 0;
  #suspect: SeenVersion | undefined;
  /** What the record had counted to when this run began. */
  #begunAt: number;

  constructor(options: PrimaryGuardOptions) {
    const { saved, primary } = options;
    this.#options = options;
    this.#saved = saved;
    this.#primary = primary;
    this.#confirmed = saved.sequence;
    this.#expected = saved.sequence;
    this.#begunAt = saved.sequence;
  }

  /** Deletions of a replica are to be stopped with all others. */
  protect(deletions: Deletions): void {
    this.#deletions.push(deletions);
  }

  /** The state sequence for what is written now: of a record that is written, and not long ago. */
  async sequence(): Promise<number> {
    const { writeSequence } = this.#options;
    if (writeSequence && !this.#writing && !this.#isRecent())
      this.#writing = this.#write(writeSequence).finally(() => {
        this.#writing = undefined;
      });
    await this.#writing;
    return this.#confirmed;
  }

  /** By both clocks: while the machine slept a backup may have been made, and the monotonic clock stood still. */
  #isRecent(): boolean {
    return this.#writtenAt !== undefined && msSince(this.#writtenAt, this.#options.clock) <= RECENT_MS;
  }

  async #write(writeSequence: () => Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    const [asked, before] = [momentOf(clock), this.#confirmed];
    try {
      await writeSequence();
    } finally {
      // An answer may have lain there for long: the record is as old as the question.
      this.#writtenAt = this.#confirmed === before ? momentOf(clock) : asked;
    }
  }

  /** A copy of an earlier run bears this sequence. Where it is newer than the record, the primary was restored meanwhile. */
  sawSequence(sequence: number): void {
    this.#seen = Math.max(this.#seen, sequence);
  }

  /** The state was written to the primary with this sequence. */
  written(sequence: number): void {
    this.#confirmed = sequence;
    this.#expected = sequence;
    this.#writtenAt = momentOf(this.#options.clock);
  }

  /** A list began anew, and may come from another cluster: asks the primary until that is known. */
  recognise(): Promise<void> {
    this.#recognising ??= askUntilAnswered(
      this.#options.primary.kube,
      () => this.confirm(),
      this.#options,
    ).finally(() => {
      this.#recognising = undefined;
    });
    return this.#recognising;
  }

  /**
   * Asked before each deletion. Where the primary was restored from a backup, an object that it does not have may only be
   * younger than the backup. Versions alone don't tell: a restored server soon counts past what was seen of it.
   */
  confirm(): Promise<void> {
    this.#confirming ??= this.#compare().finally(() => {
      this.#confirming = undefined;
    });
    return this.#confirming;
  }

  async #compare(): Promise<void> {
    const now = await this.#options.primaryNow();
    if (!now)
      throw new WorkFailure({
        class: 'later',
        reason: 'primary-unknown',
        message: `the primary ${this.#primary.name} has no kube-system namespace yet, so nothing tells which cluster it is`,
      });
    if (now.id !== this.#primary.id) {
      this.#stopFor(this.#primary.id, now.id);
      this.#options.primaryReplaced();
      return;
    }
    await this.#compareSequence();
  }

  async #compareSequence(): Promise<void> {
    if (this.#seen > this.#begunAt)
      this.#stop('the primary went back in time (its record of this task is older than copies of it)');
    const suspect = this.#suspect;
    // A person may have approved it while the question was under way.
    if (suspect && (await this.#options.isOlderNow(suspect)) && this.#suspect === suspect)
      this.#stop(
        `the primary went back in time (${describe(suspect.key)} is older than it was), as after a restore`,
      );
    if (this.#suspect === suspect) this.#suspect = undefined;
    const before = this.#expected;
    const sequence = await this.#options.readSequence?.();
    const expected = Math.min(before, this.#expected);
    if (sequence !== undefined && sequence < expected) this.#stopForRecord(expected - sequence);
  }

  /** Another primary under the same name, most likely a rebuilt one, may lack what the replicas have. */
  checkPrimary(): void {
    const { primary: before } = this.#saved;
    const { id } = this.#primary;
    if (before === undefined) this.#saved.primary = id;
    else if (before !== id) this.#stopFor(before, id);
  }

  /** An earlier run of this process may have written a newer record than the one that was read now. */
  checkRecord(): void {
    const { recorded, readSequence } = this.#options;
    if (readSequence && this.#begunAt < recorded) this.#stopForRecord(recorded - this.#begunAt);
  }

  /** A primary that was restored from a backup lacks what was made since. The replicas must keep that. */
  checkList(kind: string, scope: string, version: string): void {
    const id = `${kind}/${scope}`;
    const before = this.#saved.versions[id];
    this.#saved.versions[id] = version;
    if (before !== undefined && isOlder(version, before))
      this.#stop(
        `the primary went back in time (${kind}: version ${before} → ${version}), as after a restore`,
      );
  }

  /** An object was shown in an older version than it had. This is checked before anything is deleted. */
  suspect(older: SeenVersion | undefined): void {
    this.#suspect ??= older;
  }

  /** Takes note of how far the primary is. */
  note(kind: string, scope: string, version: string): void {
    const id = `${kind}/${scope}`;
    const known = this.#saved.versions[id];
    if (known === undefined || isOlder(known, version)) this.#saved.versions[id] = version;
  }

  /** A person looked at what stopped deletions, and at the primary, and wants to go on. */
  approve(approval: string): void {
    const { primary: before, formerPrimaries } = this.#saved;
    this.#saved.approval = approval;
    this.#saved.sequence = Math.max(this.#saved.sequence, this.#seen);
    this.#begunAt = Math.max(this.#begunAt, this.#seen);
    // The primary is accepted as it is: its record, its lists and its objects.
    this.#expected = 0;
    this.#saved.versions = {};
    this.#suspect = undefined;
    // How many deletions are wanted on a replica is known only after its first comparison.
    for (const [name, { stopped }] of Object.entries(this.#saved.brakes))
      if (stopped !== undefined) this.#saved.brakes[name] = beforehand;
    if (before !== undefined && before !== this.#primary.id) formerPrimaries.push(before);
    this.#saved.primary = this.#primary.id;
  }

  #stopForRecord(writes: number): void {
    this.#stop(`the primary went back in time (its record of this task is ${writes} writes old)`);
  }

  #stopFor(before: string, now: string): void {
    this.#stop(`the primary ${this.#primary.name} is another cluster than before (${before} → ${now})`);
  }

  #stop(reason: string): void {
    this.#options.warn(`${reason}: nothing is deleted until \`approve\``);
    for (const deletions of this.#deletions) deletions.stop(reason);
  }
}
