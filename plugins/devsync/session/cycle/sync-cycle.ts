/** One cycle of a sync: what both sides are by now is looked at, planned, held or carried out, and told. */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import type { RecentChanges } from '../../reconcile/losses.ts';
import { type Operation, type OperationResult, pathsOf } from '../../reconcile/operations.ts';
import type { Plan } from '../../reconcile/reconcile.ts';
import { SettledMemo } from '../../reconcile/settled-memo.ts';
import type { Endpoint, KeepingEndpoint } from '../../sync/endpoint.ts';
import { Agreement, type AgreementOptions } from '../ancestor/agreement.ts';
import type { Confirmations } from '../ancestor/confirmations.ts';
import { SyncMemory } from '../ancestor/sync-memory.ts';
import type { Activity } from '../status/activity.ts';
import { Notices } from '../status/notices.ts';
import type { Side, SideRoles, SyncState } from '../status/state.ts';
import { sendEarly } from '../transfers/early-transfers.ts';
import { Exchange } from '../transfers/exchange.ts';
import { LargeFileThrottle } from '../transfers/large-file-throttle.ts';
import {
  amountOf,
  type Changes,
  countOf,
  type Division,
  LargeTransfers,
  type Results,
} from '../transfers/large-transfers.ts';
import type { ContentsSource } from '../transfers/shared-contents.ts';
import { isDone, isSameSnapshot, isUnfinished, type TreeSnapshot } from '../transfers/tree-snapshot.ts';
import { type AppliedChanges, appliedChanges, toldChanges } from './applied-changes.ts';
import { Hold } from './hold.ts';
import { type GuardedPlan, planFor, rolesFrom } from './planning.ts';
import { Resolutions } from './resolutions.ts';
import { Retry } from './retry.ts';
import { StateReporter } from './state-reporter.ts';

export interface CycleOptions extends AgreementOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: Side;
  /** Let `.git` come from the container. */
  readonly takeGit: boolean;
  readonly useGitignore?: boolean;
  /** Bytes that each side's trash may hold. */
  readonly trashLimits: Readonly<Record<Side, number>>;
  readonly signal: AbortSignal;
  readonly onState: (state: SyncState) => void;
  /** What was carried over to each side just now, by earlier streams, too. */
  readonly recent?: Readonly<Record<Side, RecentChanges>>;
  /** What it is held for, by earlier looks, too. */
  readonly confirmations?: Confirmations;
  /** Told the paths that are about to change in the container; may end this by the signal before any of them does. */
  readonly onPlanned?: (paths: Iterable<string>) => void;
  /** Told when nothing is to come to this workstation, before what goes to the container is on its way. */
  readonly onReceived?: (() => void) | undefined;
  /** Told what was changed on each side, once it was. */
  readonly onApplied?: (applied: AppliedChanges) => void;
  /** Where other sessions send the same contents. */
  readonly shared?: ContentsSource | undefined;
  /** Told what is carried over, for who looks on. */
  readonly activity?: Activity;
  /** Told what was carried out, batch by batch. */
  readonly onArrived?: (batch: readonly Operation[]) => void;
  /** Told what a person is to know of, and nothing is to be done about. */
  readonly onNotice?: (line: string) => void;
}

/** What a cycle needs of the synchronizer, which decides when it runs. */
export interface CycleTurns {
  readonly isPaused: () => boolean;
  /** Asks for another cycle, soon. */
  readonly hint: () => void;
  /** Looks, in its turn, at what has become of what went beside the cycles. */
  readonly again: () => Promise<void>;
  readonly fail: (error: unknown) => void;
  /** Aborted when the sync has come to its end, whatever ended it. */
  readonly over: AbortSignal;
}

const noResults: Results = { local: [], container: [] };

export class SyncCycle {
  readonly roles: SideRoles;
  readonly resolutions: Resolutions;
  readonly agreement: Agreement;
  readonly reporter: StateReporter;
  readonly hold: Hold;
  readonly exchange: Exchange;
  /** What goes beside the cycles. */
  readonly large = new LargeTransfers();
  readonly #options: CycleOptions;
  readonly #turns: CycleTurns;
  readonly #memo = new SettledMemo();
  readonly #retry: Retry;
  readonly #throttle: LargeFileThrottle;
  readonly #notices: Notices;
  /** Changes that wait until the container has started. */
  #waiting = 0;
  /** Changes that the last plan had for this workstation. */
  #incoming = 0;
  /** What both sides were when something could not be done. */
  #failedAt: TreeSnapshot | undefined;
  /** What was not done at last. */
  #undone: Results = noResults;

  constructor(options: CycleOptions, turns: CycleTurns) {
    this.#options = options;
    this.#turns = turns;
    const { trashLimits: limits, clock, signal } = options;
    const { recent, confirmations } = { ...new SyncMemory(), ...options };
    const { hint, over } = turns;
    this.roles = rolesFrom(options.from);
    this.resolutions = new Resolutions(this.roles);
    this.agreement = new Agreement(options);
    this.reporter = new StateReporter({ ...options, roles: this.roles });
    this.hold = new Hold({ roles: this.roles, limits, recent, confirmations });
    // A full disk leaves nothing to see.
    this.#retry = new Retry(clock, signal, hint);
    this.exchange = new Exchange({
      ...options,
      signal: AbortSignal.any([signal, over]),
      onAgreed: (edits) => this.agreement.record(edits),
      onDone: (side, operations) => this.reporter.done(side, operations),
    });
    this.#throttle = new LargeFileThrottle(clock, signal, hint);
    this.#notices = new Notices(this.roles, (line) => options.onNotice?.(line));
    sendEarly({
      ...options,
      agreement: this.agreement,
      mayGo: (path) => !turns.isPaused() && this.large.count === 0 && this.#throttle.mayGo(path),
    });
  }

  /** What the last cycle left: changes that wait for the container's start, and where something could not be done. */
  get left() {
    return { waiting: this.#waiting, failedAt: this.#failedAt };
  }

  /** A hint that brought nothing new does not make what has just failed worth another attempt. */
  async runOnHint(): Promise<void> {
    const { local } = this.#options;
    if (!this.#turns.isPaused()) await local.refresh();
    if (
      this.#failedAt === undefined ||
      this.#retry.isDue ||
      !isSameSnapshot(this.#failedAt, this.#snapshot())
    )
      await this.run(false);
  }

  #snapshot(): TreeSnapshot {
    const { local, container, ancestor } = this.#trees;
    return [local, container, ancestor];
  }

  /**
   * Returns the number of changes that there were to be carried out.
   *
   * @param isAsked a person wants it now: what changes all the time does not wait either.
   * @param mayGoBeside large files may be on their way yet when it has ended.
   */
  async run(isAsked = true, mayGoBeside = !isAsked): Promise<number> {
    this.#waiting = 0;
    if (!this.#turns.isPaused()) await this.#options.local.refresh();
    this.agreement.recordFrom(this.#options.container.tree);
    if (this.#turns.isPaused()) return 0;
    // A person does not ask for nothing: what has failed is tried again.
    const isRetry = this.#retry.isDue || isAsked;
    this.#retry.begin();
    const plan = this.#plan();
    this.resolutions.update(plan.conflicts);
    this.reporter.conflicts(plan.conflicts);
    this.reporter.leftOut(plan.leftOut);
    this.agreement.disagreed(plan.conflicts, this.roles.local);
    const brake = this.hold.check(plan, this.#trees, this.#options.clock.monotonic());
    if (brake) {
      this.reporter.held(brake);
      return 0;
    }
    this.#notices.tell(plan);
    this.agreement.record(plan.ancestor);
    const mayBegin = mayGoBeside && this.#besides;
    return await this.#carryOut(this.large.divide(this.#due(plan, isAsked), mayBegin, isRetry));
  }

  /** Which large files may go beside. What differs at first is settled by rules that hold for no later cycle. */
  get #besides(): boolean | 'new' {
    const { local, container } = this.#options;
    if (local.takesSeveral !== true || container.takesSeveral !== true) return false;
    return this.agreement.isFirst ? 'new' : true;
  }

  /** The changes of a plan that are carried out now. */
  #due(plan: Plan, isAsked: boolean): Changes {
    const incoming = plan[this.roles.local];
    const local = this.agreement.withoutUnfinished(incoming);
    this.#waiting = incoming.length - local.length;
    this.#incoming = incoming.length;
    return this.#throttle.due({ local, container: plan[this.roles.container] }, isAsked);
  }

  async #carryOut({ now: changes, beside, failed, retried }: Division): Promise<number> {
    const { signal, onPlanned, onReceived } = this.#options;
    const count = countOf(changes);
    onPlanned?.(pathsOf([...changes.container, ...beside.container]));
    signal.throwIfAborted();
    if (this.#incoming + this.large.count === 0) onReceived?.();
    if (count > 0) this.reporter.syncing(count);
    const { tree: ancestor, isFirst } = this.agreement;
    // What follows is a part of the whole from the beginning.
    const over = countOf(beside) > 0 ? this.#options.activity?.planned(amountOf(beside)) : undefined;
    const done = count > 0 ? await this.#exchanged(changes, ancestor) : noResults;
    this.agreement.compact();
    this.#throttle.sent([...changes.local, ...changes.container]);
    this.agreement.reconciled();
    if (count > 0) this.#tellApplied(changes, done, ancestor, isFirst);
    this.resolutions.clear();
    const results = this.#withUndone(done, failed);
    this.#failedAt = isUnfinished(results) ? this.#snapshot() : undefined;
    if (countOf(beside) > 0) this.#carryOutBeside(beside, isFirst, over);
    this.#reportResults(results, retried);
    return count;
  }

  /** What could not be done, and is not tried again yet, is as true as what has become of the others. */
  #withUndone(done: Results, failed: Results): Results {
    const isWaiting = ({ path }: OperationResult) => this.#throttle.isWaiting(path);
    const all = (side: Side) => [...done[side], ...failed[side], ...this.#undone[side].filter(isWaiting)];
    const results = { local: all('local'), container: all('container') };
    const isUndone = (result: OperationResult) => !isDone(result);
    this.#undone = {
      local: results.local.filter(isUndone),
      container: results.container.filter(isUndone),
    };
    return results;
  }

  /** Begins with what goes beside; when that is done, what has become of it is looked at. */
  #carryOutBeside(changes: Changes, isFirst: boolean, over: (() => void) | undefined): void {
    const run = async () => {
      const ancestor = this.agreement.tree;
      const results = await this.#exchanged(changes, ancestor, true).finally(over);
      this.#throttle.sent([...changes.local, ...changes.container]);
      this.#tellApplied(changes, results, ancestor, isFirst);
      if ([...results.local, ...results.container].some(isDone)) this.reporter.changed();
      return results;
    };
    const look = async () => {
      if (this.#turns.over.aborted) return;
      this.#failedAt = undefined;
      await this.#turns.again();
    };
    this.large
      .begin(changes, run)
      .then(look)
      .catch((error) => this.#turns.fail(error));
  }

  #tellApplied(changes: Changes, results: Results, ancestor: MaybeEntry, isFirst: boolean): void {
    const { clock, onApplied } = this.#options;
    for (const side of ['local', 'container'] as const) {
      const told = toldChanges(changes[side], results[side], ancestor);
      this.#notices.putRight(side, told.putRight, clock.monotonic());
      this.#notices.deleted(side, told.deleted);
      if (side === 'container') this.#notices.narrow(told.narrow);
    }
    onApplied?.(appliedChanges(changes, results, ancestor, isFirst));
  }

  /** What had been agreed on by then is remembered also where the stream breaks. */
  async #exchanged(changes: Changes, ancestor: MaybeEntry, isAnnounced = false): Promise<Results> {
    try {
      return await this.exchange.run(changes, ancestor, isAnnounced);
    } finally {
      this.agreement.saveFound();
    }
  }

  #reportResults(results: Results, retried: Results): void {
    const { words: message } = this.#throttle;
    const status = { message, isFirstFailure: this.#retry.isFirst, underWay: this.large.count, retried };
    if (this.reporter.watching(results, this.#options, status)) this.#retry.plan();
    // What is on its way may be the next attempt at what has failed.
    else if (this.large.count === 0) this.#retry.reset();
  }

  #plan(): GuardedPlan {
    const { takeGit, useGitignore = false, from } = this.#options;
    return planFor(this.#trees, {
      mode: this.agreement.mode,
      from,
      takeGit,
      useGitignore,
      memo: this.#memo,
      resolution: (conflict) => this.resolutions.winnerOf(conflict),
    });
  }

  get #trees() {
    const { local, container } = this.#options;
    return { local: local.tree, container: container.tree, ancestor: this.agreement.tree };
  }
}
