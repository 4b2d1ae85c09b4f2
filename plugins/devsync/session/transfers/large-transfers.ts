/**
 * Large files are carried over beside the reconciliations, so that small changes do not wait for them. Each is a change
 * like any other: carried out as it was planned, checked when it is put in place, and agreed on when that is done. Until
 * then the reconciliations leave its path alone.
 */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import type { Side } from '../status/state.ts';
import { digestsIn, splitLarge } from './split-large.ts';
import { isDone } from './tree-snapshot.ts';

const sides = ['local', 'container'] as const;

export type Changes = Readonly<Record<Side, readonly Change[]>>;
export type Results = Record<Side, OperationResult[]>;

/** The changes of a plan, by what becomes of them now. */
export interface Division {
  /** They are carried out by the reconciliation itself. */
  readonly now: Changes;
  /** They are to be carried out beside it. */
  readonly beside: Changes;
  /** What could not be done beside it, and is not tried again yet. */
  readonly failed: Results;
  /** What could not be done, and is on its way once more: it is still not there. */
  readonly retried: Results;
}

interface Failure {
  readonly side: Side;
  readonly change: Change;
  readonly result: OperationResult;
}

export class LargeTransfers {
  #underWay: Changes | undefined;
  #done: Promise<void> = Promise.resolve();
  /** What came of the last ones that were not done. */
  #failures: readonly Failure[] = [];
  /** Those that are on their way once more. */
  #retried: readonly Failure[] = [];

  /** How many files are on their way. */
  get count(): number {
    const { local, container } = this.#underWay ?? nothing;
    // What they may be versions of goes along.
    return [...local, ...container].filter((change) => change.new !== undefined).length;
  }

  /** Resolves when none is on its way. */
  idle(): Promise<void> {
    return this.#done;
  }

  /**
   * Leaves out what is on its way, and what would need a content that is.
   *
   * @param mayBegin others may be sent on their way: all, or only files that replace nothing. @param isRetry those that
   * failed may, too.
   */
  divide(changes: Changes, mayBegin: boolean | 'new', isRetry: boolean): Division {
    const free = this.#withoutUnderWay(changes);
    const isUnderWay = ({ side, change }: Failure) => this.#isUnderWay(side, change);
    if (!mayBegin) {
      const retried = resultsOf(this.#retried.filter(isUnderWay));
      return { now: free, beside: nothing, failed: each(() => []), retried };
    }
    const split = each((side) => splitLarge(free[side], mayBegin === 'new'));
    const isWanted = ({ side, change }: Failure) => split[side].large.some((one) => isSame(one, change));
    const failures = this.#failures.filter(isWanted);
    this.#retried = [...this.#retried.filter(isUnderWay), ...(isRetry ? failures : [])];
    this.#failures = isRetry ? [] : failures;
    const hasFailed = (change: Change) => this.#failures.some((failure) => isSame(failure.change, change));
    return {
      now: each((side) => split[side].others),
      // One after the other: they would only share the line.
      beside: this.#underWay ? nothing : each((side) => split[side].large.filter((one) => !hasFailed(one))),
      failed: resultsOf(this.#failures),
      retried: resultsOf(this.#retried),
    };
  }

  /** Carries changes out; `run` resolves with their results. Resolves when that is done. */
  begin(changes: Changes, run: () => Promise<Results>): Promise<void> {
    this.#underWay = changes;
    const done = this.#carry(changes, run);
    this.#done = done.catch(() => {});
    return done;
  }

  async #carry(changes: Changes, run: () => Promise<Results>): Promise<void> {
    try {
      const results = await run();
      this.#failures = sides.flatMap((side) => failuresOf(side, changes[side], results[side]));
    } finally {
      this.#underWay = undefined;
      this.#retried = [];
    }
  }

  #isUnderWay(side: Side, change: Change): boolean {
    return this.#underWay?.[side].some((one) => isSame(one, change)) === true;
  }

  #withoutUnderWay(changes: Changes): Changes {
    const underWay = this.#underWay;
    if (underWay === undefined) return changes;
    const all = sides.flatMap((side) => underWay[side]);
    const paths = new Set(all.map(({ path }) => path));
    const digests = new Set(all.flatMap((change) => [...digestsIn(change.new)]));
    const isFree = (change: Change) =>
      !paths.has(change.path) && !digestsIn(change.new).some((digest) => digests.has(digest));
    return each((side) => changes[side].filter(isFree));
  }
}

const nothing: Changes = { local: [], container: [] };

export const countOf = ({ local, container }: Changes): number => local.length + container.length;

/** How much there is to be carried over, at most. */
export function amountOf({ local, container }: Changes): { operations: number; bytes: number } {
  const all = [...local, ...container];
  const bytes = all.reduce((sum, { new: made }) => sum + (made?.kind === 'file' ? made.size : 0), 0);
  return { operations: all.length, bytes };
}

const each = <T>(of: (side: Side) => T): Record<Side, T> => ({
  local: of('local'),
  container: of('container'),
});

const resultsOf = (failures: readonly Failure[]): Results =>
  each((side) => failures.filter((one) => one.side === side).map(({ result }) => result));

function isSame(one: Change, other: Change): boolean {
  const digest = (entry: MaybeEntry) => (entry?.kind === 'file' ? entry.digest : entry?.kind);
  return (
    one.path === other.path && digest(one.old) === digest(other.old) && digest(one.new) === digest(other.new)
  );
}

function failuresOf(side: Side, changes: readonly Change[], results: readonly OperationResult[]): Failure[] {
  return results
    .filter((result) => !isDone(result))
    .flatMap((result) => {
      const change = changes.find(({ path }) => path === result.path);
      return change === undefined ? [] : [{ side, change, result }];
    });
}
