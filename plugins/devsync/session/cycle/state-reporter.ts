/** The state that a synchronizer reports: each method changes a part of it and reports the whole. */
import type { Clock } from '../../../../src/clock.ts';
import { formatPlural } from '../../../../src/ui/format.ts';
import type { Brake } from '../../reconcile/brakes.ts';
import { measure } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { Conflict } from '../../reconcile/reconcile.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import {
  brakeMessage,
  conflictStates,
  heldUntil,
  leftOutStates,
  noState,
  type ProblemState,
  pausedByYou,
  problemsOf,
  type Side,
  type SideRoles,
  type SyncState,
  summarize,
} from '../status/state.ts';
import { isDone } from '../transfers/tree-snapshot.ts';
import type { LeftOut } from './no-repositories.ts';

export interface ReporterOptions {
  readonly roles: SideRoles;
  /** What it amounts to is known before anything is reconciled. */
  readonly local: Pick<Endpoint, 'tree'>;
  readonly clock: Clock;
  readonly onState: (state: SyncState) => void;
}

interface ResultStatus {
  readonly message: string;
  readonly isFirstFailure: boolean;
  readonly underWay: number;
  readonly retried: Readonly<Record<Side, readonly OperationResult[]>>;
}

export class StateReporter {
  readonly #options: ReporterOptions;
  #state: SyncState;
  #leftOut: readonly ProblemState[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    const { files, bytes } = measure(options.local.tree);
    this.#state = { ...noState, files, bytes };
  }

  get state(): SyncState {
    return this.#state;
  }

  paused(): void {
    this.#update({ phase: 'paused', message: pausedByYou });
  }

  held(brake: Brake): void {
    const message = brakeMessage(brake, this.#options.roles);
    this.#update({ phase: 'held', message, heldUntil: heldUntil(brake) });
  }

  syncing(changes: number): void {
    this.#update({ phase: 'syncing', message: formatPlural(changes, 'change') });
  }

  conflicts(conflicts: readonly Conflict[]): void {
    const { length: conflictCount } = conflicts;
    this.#update({ conflicts: conflictStates(conflicts, this.#options.roles), conflictCount });
  }

  /** What does not come from the container. It is told with what else is left alone. */
  leftOut(items: readonly LeftOut[]): void {
    this.#leftOut = leftOutStates(items);
  }

  /** So many operations were done on a side. */
  done(on: Side, operations: number): void {
    const counter = on === 'container' ? 'sent' : 'received';
    this.#update({ [counter]: this.#state[counter] + operations });
  }

  /** Something was changed on a side just now. */
  changed(): void {
    this.#update({ lastChange: this.#options.clock.now().toISOString() });
  }

  /**
   * A reconciliation has ended. Returns whether something failed.
   *
   * @param message what still waits. @param isFirstFailure a failure is tried again right away. @param underWay large
   * files that are on their way beside it. @param retried what failed, and is on its way once more.
   */
  watching(
    results: Readonly<Record<Side, readonly OperationResult[]>>,
    sides: Readonly<Record<Side, Pick<Endpoint, 'tree' | 'degraded'>>>,
    { message, isFirstFailure, underWay, retried }: ResultStatus,
  ): boolean {
    const failuresIn = (of: ResultStatus['retried']) =>
      (['local', 'container'] as const).flatMap((side) => problemsOf(of[side], side));
    const failures = failuresIn(results).map((one) => (isFirstFailure ? { ...one, passing: true } : one));
    const done = [...results.local, ...results.container].some(isDone);
    const summary = summarize(sides.local, sides.container);
    this.#update({
      phase: underWay > 0 ? 'syncing' : 'watching',
      message: underWay > 0 ? formatPlural(underWay, 'large file') : message,
      heldUntil: undefined,
      ...summary,
      skipped: [...this.#leftOut, ...summary.skipped],
      problems: [...failures, ...failuresIn(retried), ...summary.problems],
      ...(done && { lastChange: this.#options.clock.now().toISOString() }),
    });
    return failures.length > 0;
  }

  #update(change: Partial<SyncState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onState(this.#state);
  }
}
