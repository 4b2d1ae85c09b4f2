/** Holds a sync where its plan looks like an accident, until a person confirms it. */
import type { Brake } from '../../reconcile/brakes.ts';
import type { RecentChanges } from '../../reconcile/losses.ts';
import type { Plan } from '../../reconcile/reconcile.ts';
import type { Confirmations } from '../ancestor/confirmations.ts';
import type { Side, SideRoles } from '../status/state.ts';
import { brakeOn, type Trees } from './planning.ts';

export interface HoldOptions {
  readonly roles: SideRoles;
  /** Bytes that each side's trash may hold. */
  readonly limits: Readonly<Record<Side, number>>;
  /** Of the sync: a person may have confirmed what an earlier look found. */
  readonly confirmations: Confirmations;
  /** What was carried over to each side just now. */
  readonly recent: Readonly<Record<Side, RecentChanges>>;
}

export class Hold {
  readonly #options: HoldOptions;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Confirms what it is held for, and no more than is known by now. */
  confirm(): void {
    this.#options.confirmations.confirm();
  }

  /**
   * What a person is to be asked about before this plan is carried out; undefined: it may be.
   *
   * @param now monotonic milliseconds.
   */
  check(plan: Plan, trees: Trees, now: number): Brake | undefined {
    const { limits, recent, roles, confirmations } = this.#options;
    const { confirmed } = confirmations;
    const lately = { local: recent.local.at(now), container: recent.container.at(now) };
    const brake = brakeOn(plan, trees, roles, { limits, confirmed, recent: lately });
    if (brake === undefined) this.#letGo(plan, now);
    else confirmations.hold(brake);
    return brake;
  }

  #letGo(plan: Plan, now: number): void {
    const { recent, roles, confirmations } = this.#options;
    for (const side of ['local', 'container'] as const) {
      recent[side].note(now, plan[roles[side]]);
      if (confirmations.confirmed.length > 0) recent[side].forget();
    }
    confirmations.letGo();
  }
}
