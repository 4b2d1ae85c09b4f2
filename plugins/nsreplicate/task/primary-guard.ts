/** Doubts about the primary: whether it is the cluster that it was, and knows what it knew. */
import { isOlder } from '../../../src/kube/resource-version.ts';
import type { Known } from '../cache/primary-cache.ts';
import { type AskUntilAnsweredOptions, askUntilAnswered } from '../clusters/ask-until-answered.ts';
import type { Site } from '../clusters/cluster.ts';
import { WorkFailure } from '../clusters/failure.ts';
import type { BrakeState } from '../decide/brake.ts';
import { describe } from '../objects/keys.ts';
import type { Replica } from '../reconcile/replica.ts';
import type { Memory } from '../state/memory.ts';

const beforehand: BrakeState = { deletions: [], allowance: Number.MAX_SAFE_INTEGER };

/**
 * What is copied long after the record was written last could be older or newer than a backup of the primary, and
 * nothing would tell: so the record is written again first, where it is older than this.
 */
const RECENT_MS = 5000;

export interface PrimaryGuardOptions extends AskUntilAnsweredOptions {
  readonly memory: Memory;
  readonly primary: Site;
  readonly replicas: () => readonly Replica[];
  readonly warn: (text: string) => void;
  readonly isOlderNow: (known: Known) => Promise<boolean>;
  /** The primary as it is now, which may be another cluster; undefined: it does not know itself yet. */
  readonly primaryNow: () => Promise<Site | undefined>;
  /** It is another cluster: nothing that is known of it holds any more. */
  readonly primaryReplaced: () => void;
  /** What the record had counted to when an earlier run of this process wrote it last; 0: there was none. */
  readonly recorded: number;
  /** The marker as the primary has it; absent where the state is kept elsewhere. */
  readonly readMarker: (() => Promise<number>) | undefined;
  /** Writes the record now, with the next marker, if it can be written; absent as above. */
  readonly writeMarker: (() => Promise<unknown>) | undefined;
}

/** Stops deletions where the primary is not what it was. */
export class PrimaryGuard {
  readonly #options: PrimaryGuardOptions;
  readonly #memory: Memory;
  readonly #primary: Site;
  readonly #replicas: () => readonly Replica[];
  #confirmed: number;
  /** What the primary's record has counted to, at least. */
  #expected: number;
  /** When the record was last written, or tried to be. */
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<unknown> | undefined;
  #confirming: Promise<void> | undefined;
  #recognising: Promise<void> | undefined;
  /** The newest marker that copies of earlier runs bear. */
  #seen = 0;
  #suspect: Known | undefined;
  /** What the record had counted to when this run began. */
  #begunAt: number;

  constructor(options: PrimaryGuardOptions) {
    const { memory, primary, replicas } = options;
    this.#options = options;
    this.#memory = memory;
    this.#primary = primary;
    this.#replicas = replicas;
    this.#confirmed = memory.marker;
    this.#expected = memory.marker;
    this.#begunAt = memory.marker;
  }

  /** The marker for what is written now: of a record that is written, and not long ago. */
  async marker(): Promise<number> {
    const { clock, writeMarker } = this.#options;
    if (writeMarker && !this.#writing && clock.monotonic() - this.#writtenAt > RECENT_MS)
      this.#writing = writeMarker().finally(() => {
        this.#writtenAt = clock.monotonic();
        this.#writing = undefined;
      });
    await this.#writing;
    return this.#confirmed;
  }

  /** A copy from before this run. One that is newer than the record tells of a restore while nobody looked. */
  sawMarker(marker: number): void {
    this.#seen = Math.max(this.#seen, marker);
  }

  /** The state was written to the primary with this marker. */
  written(marker: number): void {
    this.#confirmed = marker;
    this.#expected = marker;
    this.#writtenAt = this.#options.clock.monotonic();
  }

  /** A list began anew, which may be another cluster's: asks until that is known. */
  recognise(): Promise<void> {
    this.#recognising ??= askUntilAnswered(() => this.confirm(), this.#options).finally(() => {
      this.#recognising = undefined;
    });
    return this.#recognising;
  }

  /**
   * Asked before each deletion: that an object is not on the primary means nothing where the primary has
   * forgotten what it had. Versions alone don't tell: a restored server soon counts past what was seen of it.
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
    await this.#compareMarker();
  }

  async #compareMarker(): Promise<void> {
    if (this.#seen > this.#begunAt)
      this.#stop('the primary went back in time (its record of this task is older than copies of it)');
    const suspect = this.#suspect;
    // What a person approved while the question was under way is approved.
    if (suspect && (await this.#options.isOlderNow(suspect)) && this.#suspect === suspect)
      this.#stop(
        `the primary went back in time (${describe(suspect.key)} is older than it was), as after a restore`,
      );
    if (this.#suspect === suspect) this.#suspect = undefined;
    const before = this.#expected;
    const marker = await this.#options.readMarker?.();
    const expected = Math.min(before, this.#expected);
    if (marker !== undefined && marker < expected) this.#stopForRecord(expected - marker);
  }

  /** Another primary under the same name, most likely a rebuilt one, may lack what the replicas have. */
  checkPrimary(): void {
    const { primary: before } = this.#memory;
    const { id } = this.#primary;
    if (before === undefined) this.#memory.primary = id;
    else if (before !== id) this.#stopFor(before, id);
  }

  /** A run that begins after its lock was lost, or another one of this process, may know more than the record. */
  checkRecord(): void {
    const { recorded, readMarker } = this.#options;
    if (readMarker && this.#begunAt < recorded) this.#stopForRecord(recorded - this.#begunAt);
  }

  /** A primary that was restored from a backup lacks what was made since: that must not go from the replicas. */
  checkList(kind: string, scope: string, version: string): void {
    const id = `${kind}/${scope}`;
    const before = this.#memory.versions[id];
    this.#memory.versions[id] = version;
    if (before !== undefined && isOlder(version, before))
      this.#stop(
        `the primary went back in time (${kind}: version ${before} → ${version}), as after a restore`,
      );
  }

  /** An object was shown in an older version than it had: looked into before anything is deleted. */
  suspect(older: Known | undefined): void {
    this.#suspect ??= older;
  }

  /** Takes note of how far the primary is. */
  note(kind: string, scope: string, version: string): void {
    const id = `${kind}/${scope}`;
    const known = this.#memory.versions[id];
    if (known === undefined || isOlder(known, version)) this.#memory.versions[id] = version;
  }

  /** A person looked at what stopped deletions, and at the primary, and wants to go on. */
  approve(approval: string): void {
    const { primary: before, formerPrimaries } = this.#memory;
    this.#memory.approval = approval;
    this.#memory.marker = Math.max(this.#memory.marker, this.#seen);
    this.#begunAt = Math.max(this.#begunAt, this.#seen);
    // Accepted as it is: its record until it is written anew, and lists that are yet to come, and objects.
    this.#expected = 0;
    this.#memory.versions = {};
    this.#suspect = undefined;
    // Replicas that are not there yet: what is wanted is known after the first comparison.
    for (const name of Object.keys(this.#memory.brakes)) this.#memory.brakes[name] = beforehand;
    if (before !== undefined && before !== this.#primary.id) formerPrimaries.push(before);
    this.#memory.primary = this.#primary.id;
    for (const replica of this.#replicas()) {
      replica.release();
      replica.retry((key) => replica.failures.get(key)?.failure.reason === 'other-primary');
    }
  }

  #stopForRecord(writes: number): void {
    this.#stop(`the primary went back in time (its record of this task is ${writes} writes old)`);
  }

  #stopFor(before: string, now: string): void {
    this.#stop(`the primary ${this.#primary.name} is another cluster than before (${before} → ${now})`);
  }

  #stop(reason: string): void {
    this.#options.warn(`${reason}: nothing is deleted until \`approve\``);
    for (const replica of this.#replicas()) replica.deletions.stop(reason);
  }
}
