/** Keeps two endpoints the same: looks, reconciles, carries out, and begins again whenever something changes. */
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import type { MaybeEntry } from '../reconcile/entry.ts';
import type { RecentChanges } from '../reconcile/losses.ts';
import { type Operation, pathsOf } from '../reconcile/operations.ts';
import { type Plan, SettledMemo } from '../reconcile/reconcile.ts';
import { type Edit, lookup } from '../reconcile/tree.ts';
import { Debounce } from '../sync/debounce.ts';
import type { Endpoint, KeepingEndpoint } from '../sync/endpoint.ts';
import type { Activity } from './activity.ts';
import { Agreement, type AgreementOptions } from './agreement.ts';
import { type AppliedChanges, appliedChanges } from './applied-changes.ts';
import { Exchange } from './exchange.ts';
import { flushUntilDone } from './flush.ts';
import { GitWait, gitIsBusy } from './git-wait.ts';
import { Hold } from './hold.ts';
import { LargeFileThrottle } from './large-file-throttle.ts';
import { type Changes, countOf, type Division, LargeTransfers, type Results } from './large-transfers.ts';
import { Notices } from './notices.ts';
import { planFor, rolesFrom } from './planning.ts';
import { Resolutions } from './resolutions.ts';
import { Retry } from './retry.ts';
import type { Settling } from './settle.ts';
import type { Side, SideRoles, SyncState } from './state.ts';
import { StateReporter } from './state-reporter.ts';
import { SyncMemory } from './sync-memory.ts';
import { isSameSnapshot, isStale, isUnfinished, type TreeSnapshot } from './tree-snapshot.ts';

export interface SynchronizerOptions extends AgreementOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: Side;
  /** Let `.git` come from the container. */
  readonly takeGit: boolean;
  /** Bytes that each side's trash may hold. */
  readonly trashLimits: Readonly<Record<Side, number>>;
  readonly signal: AbortSignal;
  readonly onState: (state: SyncState) => void;
  /** What was carried over to each side just now, by earlier streams, too. */
  readonly recent?: Readonly<Record<Side, RecentChanges>>;
  /** Told the paths that are about to change in the container; may end this by the signal before any of them does. */
  readonly onPlanned?: (paths: Iterable<string>) => void;
  /** Told what was changed on each side, once it was. */
  readonly onApplied?: (applied: AppliedChanges) => void;
  /** Told what is carried over, for who looks on. */
  readonly activity?: Activity;
  /** Told what was carried out, batch by batch. */
  readonly onArrived?: (batch: readonly Operation[]) => void;
  /** Told what a person is to know of, and nothing is to be done about. */
  readonly onNotice?: (line: string) => void;
}

/** A save is seen this many milliseconds after it was made; a flood of changes in parts this long. */
const [quietTime, maxDelay] = [4, 250];
/** How often a side that may need a look without a hint is asked, in milliseconds. */
const idleCheckInterval = 2000;

const noResults: Results = { local: [], container: [] };

export class Synchronizer {
  readonly #options: SynchronizerOptions;
  readonly #roles: SideRoles;
  readonly #memo = new SettledMemo();
  readonly #debounce: Debounce;
  readonly #resolutions: Resolutions;
  readonly #agreement: Agreement;
  readonly #reporter: StateReporter;
  readonly #hold: Hold;
  readonly #retry: Retry;
  readonly #throttle: LargeFileThrottle;
  readonly #large = new LargeTransfers();
  readonly #notices: Notices;
  readonly #exchange: Exchange;
  readonly #git: GitWait;
  #paused = false;
  /** Changes that wait until the container has started. */
  #waiting = 0;
  /** What both sides were when something could not be done. */
  #failedAt: TreeSnapshot | undefined;
  readonly #working = new SerialQueue();
  /** Aborted when this has come to its end, whatever ended it. */
  readonly #over = new AbortController();
  #fail: (error: unknown) => void = () => {};

  constructor(options: SynchronizerOptions) {
    this.#options = options;
    this.#roles = rolesFrom(options.from);
    this.#resolutions = new Resolutions(this.#roles);
    this.#agreement = new Agreement(options);
    this.#reporter = new StateReporter({ ...options, roles: this.#roles });
    const { trashLimits: limits, recent = new SyncMemory().recent, clock, signal } = options;
    this.#hold = new Hold({ roles: this.#roles, limits, recent });
    // A full disk leaves nothing to see.
    this.#retry = new Retry(clock, signal, () => this.#debounce.hint(true));
    this.#exchange = new Exchange({
      ...options,
      signal: AbortSignal.any([signal, this.#over.signal]),
      onAgreed: (edits) => this.#agreement.record(edits),
      onDone: (side, operations) => this.#reporter.done(side, operations),
    });
    this.#git = new GitWait({
      clock,
      signal,
      isBusy: () => this.#debounce.isHeldByGit(),
      isIdle: () => this.#paused,
      onHeld: () => this.#debounce.hint(true),
    });
    this.#throttle = new LargeFileThrottle(clock, signal, () => this.#debounce.hint(true));
    this.#notices = new Notices(this.#roles, (line) => options.onNotice?.(line));
    this.#debounce = new Debounce({
      quiet: quietTime,
      cap: maxDelay,
      isBusy: () => options.local.isBusy,
      run: () =>
        this.#serially(() => this.#git.unlessBusy(() => this.#cycleOnHint())).catch((error) =>
          this.#fail(error),
        ),
    });
  }

  get state(): SyncState {
    return this.#reporter.state;
  }

  /** Syncs until the signal says stop. Rejects where a side fails: the stream broke, the root is gone. */
  async run(): Promise<void> {
    const { local, container, signal } = this.#options;
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => {});
    this.#fail = reject;
    const stop = new AbortController();
    local.onHint = () => this.#debounce.hint();
    container.onHint = () => this.#debounce.hint(true);
    try {
      await Promise.race([this.#serially(() => this.#git.unlessBusy(() => this.#cycle())), failed]);
      // Once: every race with a promise that lasts leaves something with it.
      await Promise.race([this.#checkPeriodically(AbortSignal.any([signal, stop.signal])), failed]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop.abort();
      this.#over.abort(signal.reason);
      this.#debounce.close();
      await this.#working.idle();
      await this.#large.idle();
    }
  }

  async #checkPeriodically(signal: AbortSignal): Promise<void> {
    const { local, clock } = this.#options;
    while (!signal.aborted) {
      const wasStarting = this.#agreement.isStarting;
      await clock.sleep(idleCheckInterval, signal);
      if (isStale(local) || wasStarting !== this.#agreement.isStarting) this.#debounce.hint(true);
    }
  }

  /**
   * Looks at everything on both sides and returns when there is nothing left to do, or what keeps it: `waiting`, where
   * git did not let go of the files in time.
   */
  async flush(): Promise<SyncState> {
    // Small changes go on meanwhile.
    await this.#large.idle();
    const isPastGit = await this.#serially(() => this.#untilDone());
    return isPastGit ? this.state : { ...this.state, phase: 'waiting', message: gitIsBusy };
  }

  #untilDone(): Promise<boolean> {
    const { local, container, clock, signal } = this.#options;
    const refresh = async (everything: boolean) => {
      await this.#large.idle();
      return await this.#git.after(() =>
        Promise.all([local.refresh(everything), container.refresh(everything)]),
      );
    };
    const cycle = async () => {
      const changes = await this.#cycle();
      return { changes, waiting: this.#waiting, failedAt: this.#failedAt };
    };
    return flushUntilDone({ refresh, cycle, clock, signal });
  }

  async #cycleAfterGit(): Promise<void> {
    if (await this.#git.after()) await this.#cycle();
  }

  /** Begins nothing any more; resolves when what is under way has come to its end. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#large.idle();
    await this.#serially(async () => {
      if (this.#paused) this.#reporter.paused();
    });
  }

  /** Goes on; where a brake holds it, only if the person confirms it, and no more goes than was known by then. */
  async resume(confirm: boolean): Promise<SyncState> {
    this.#paused = false;
    if (confirm) this.#hold.confirm();
    return await this.flush();
  }

  /** Decides a conflict. Returns whether there is one at this path. */
  async resolve(path: string, winner: Side): Promise<boolean> {
    const isConflict = this.#resolutions.decide(path, winner);
    if (isConflict) await this.#serially(() => this.#cycleAfterGit());
    return isConflict;
  }

  /** Decides all conflicts, also those that are not listed. Resolves with the paths of those that it settled. */
  async resolveAll(winner: Side): Promise<string[]> {
    const decided = this.#resolutions.decideAll(winner);
    await this.#serially(() => this.#cycleAfterGit());
    return this.#resolutions.settled(decided);
  }

  /** Works on one conflict while nothing else is done, and reconciles then. Rejects where there is none at the path. */
  async settle<T>(path: string, work: (settling: Settling) => Promise<T>): Promise<T> {
    return await this.#serially(async () => {
      const { phase, message } = this.state;
      if (this.#paused || phase === 'held')
        throw new Error(`it is ${this.#paused ? 'paused' : `held: ${message}`}`);
      if (!(await this.#git.after())) throw new Error(gitIsBusy);
      const conflict = this.#resolutions.at(path);
      if (conflict === undefined) throw new Error(`there is no conflict at ${path || '.'}`);
      const sides = { local: conflict[this.#roles.local], container: conflict[this.#roles.container] };
      const ancestor = lookup(this.#agreement.tree, path);
      const record = (edits: readonly Edit[]) => this.#agreement.record(edits);
      const done = await work({ ...sides, ancestor, name: this.#exchange.operationName(), record });
      await this.#cycle();
      return done;
    });
  }

  /** Forgets what both sides agreed on: the next sync deletes nothing, and lists every difference. */
  async reset(): Promise<SyncState> {
    await this.#serially(async () => {
      await this.#large.idle();
      this.#agreement.forget();
    });
    return await this.flush();
  }

  #serially<T>(run: () => Promise<T>): Promise<T> {
    return this.#working.run(run);
  }

  /** A hint that brought nothing new does not make what has just failed worth another attempt. */
  async #cycleOnHint(): Promise<void> {
    const { local } = this.#options;
    if (!this.#paused) await local.refresh();
    if (
      this.#failedAt === undefined ||
      this.#retry.isDue ||
      !isSameSnapshot(this.#failedAt, this.#snapshot())
    )
      await this.#cycle(false);
  }

  #snapshot(): TreeSnapshot {
    const { local, container, ancestor } = this.#trees;
    return [local, container, ancestor];
  }

  /**
   * Returns the number of changes that there were to be carried out.
   *
   * @param isAsked a person wants it now: what changes all the time does not wait either.
   */
  async #cycle(isAsked = true): Promise<number> {
    this.#waiting = 0;
    if (!this.#paused) await this.#options.local.refresh();
    this.#agreement.recordFrom(this.#options.container.tree);
    if (this.#paused) return 0;
    const isRetry = this.#retry.isDue;
    this.#retry.begin();
    const plan = this.#plan();
    this.#resolutions.update(plan.conflicts);
    this.#reporter.conflicts(plan.conflicts);
    this.#agreement.disagreed(plan.conflicts, this.#roles.local);
    const brake = this.#hold.check(plan, this.#trees, this.#options.clock.monotonic());
    if (brake) {
      this.#reporter.held(brake);
      return 0;
    }
    this.#notices.tell(plan);
    this.#agreement.record(plan.ancestor);
    const { isFirst } = this.#agreement;
    const { local, container } = this.#options;
    const mayGoBeside =
      !isAsked && !isFirst && local.takesSeveral === true && container.takesSeveral === true;
    return await this.#carryOut(this.#large.divide(this.#due(plan, isAsked), mayGoBeside, isRetry));
  }

  /** The changes of a plan that are carried out now. */
  #due(plan: Plan, isAsked: boolean): Changes {
    const incoming = plan[this.#roles.local];
    const local = this.#agreement.withoutUnfinished(incoming);
    this.#waiting = incoming.length - local.length;
    return this.#throttle.due({ local, container: plan[this.#roles.container] }, isAsked);
  }

  async #carryOut({ now: changes, beside, failed }: Division): Promise<number> {
    const { signal, onPlanned } = this.#options;
    const count = countOf(changes);
    onPlanned?.(pathsOf([...changes.container, ...beside.container]));
    signal.throwIfAborted();
    if (count > 0) this.#reporter.syncing(count);
    const { tree: ancestor, isFirst } = this.#agreement;
    const done = count > 0 ? await this.#exchanged(changes, ancestor) : noResults;
    this.#agreement.compact();
    this.#throttle.sent([...changes.local, ...changes.container]);
    this.#agreement.reconciled();
    if (count > 0) this.#options.onApplied?.(appliedChanges(changes, done, ancestor, isFirst));
    this.#resolutions.clear();
    const results = {
      local: [...done.local, ...failed.local],
      container: [...done.container, ...failed.container],
    };
    this.#failedAt = isUnfinished(results) ? this.#snapshot() : undefined;
    if (countOf(beside) > 0) this.#carryOutBeside(beside);
    this.#reportResults(results);
    return count;
  }

  /** Begins with what goes beside; when that is done, what has become of it is looked at. */
  #carryOutBeside(changes: Changes): void {
    const run = async () => {
      const ancestor = this.#agreement.tree;
      const results = await this.#exchanged(changes, ancestor);
      this.#throttle.sent([...changes.local, ...changes.container]);
      this.#options.onApplied?.(appliedChanges(changes, results, ancestor, false));
      return results;
    };
    const look = async () => {
      if (this.#over.signal.aborted) return;
      this.#failedAt = undefined;
      await this.#serially(() => this.#git.unlessBusy(() => this.#cycle(false)));
    };
    this.#large
      .begin(changes, run)
      .then(look)
      .catch((error) => this.#fail(error));
  }

  /** What had been agreed on by then is remembered also where the stream breaks. */
  async #exchanged(changes: Changes, ancestor: MaybeEntry): Promise<Results> {
    try {
      return await this.#exchange.run(changes, ancestor);
    } finally {
      this.#agreement.saveFound();
    }
  }

  #reportResults(results: Results): void {
    const { words: message } = this.#throttle;
    const status = { message, isFirstFailure: this.#retry.isFirst, underWay: this.#large.count };
    if (this.#reporter.watching(results, this.#options, status)) this.#retry.plan();
    else this.#retry.reset();
  }

  #plan(): Plan {
    const { takeGit, from } = this.#options;
    return planFor(this.#trees, {
      mode: this.#agreement.mode,
      from,
      takeGit,
      memo: this.#memo,
      resolution: (conflict) => this.#resolutions.winnerOf(conflict),
    });
  }

  get #trees() {
    const { local, container } = this.#options;
    return { local: local.tree, container: container.tree, ancestor: this.#agreement.tree };
  }
}
