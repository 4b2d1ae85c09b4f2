/** Holds a sync where its plan looks like an accident, until a person confirms it. */
import type { Brake } from '../../reconcile/brakes.ts';
import type { RecentChanges } from '../../reconcile/losses.ts';
import type { Plan } from '../../reconcile/reconcile.ts';
import type { Side, SideRoles } from '../status/state.ts';
import { brakeOn, type Trees } from './planning.ts';

export interface HoldOptions {
  readonly roles: SideRoles;
  /** Bytes that each side's trash may hold. */
  readonly limits: Readonly<Record<Side, number>>;
  /** What was carried over to each side just now. */
  readonly recent: Readonly<Record<Side, RecentChanges>>;
}

export class Hold {
  readonly #options: HoldOptions;
  #brake: Brake | undefined;
  /** What a person has seen and let happen. */
  #confirmed: Brake[] = [];

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Confirms what it is held for, and no more than is known by now. */
  confirm(): void {
    if (this.#brake) this.#confirmed.push(this.#brake);
  }

  /**
   * What a person is to be asked about before this plan is carried out; undefined: it may be.
   *
   * @param now monotonic milliseconds.
   */
  check(plan: Plan, trees: Trees, now: number): Brake | undefined {
    const { limits, recent, roles } = this.#options;
    const lately = { local: recent.local.at(now), container: recent.container.at(now) };
    this.#brake = brakeOn(plan, trees, roles, { limits, confirmed: this.#confirmed, recent: lately });
    if (this.#brake === undefined) this.#letGo(plan, now);
    return this.#brake;
  }

  #letGo(plan: Plan, now: number): void {
    const { recent, roles } = this.#options;
    for (const side of ['local', 'container'] as const) {
      recent[side].note(now, plan[roles[side]]);
      if (this.#confirmed.length > 0) recent[side].forget();
    }
    this.#confirmed = [];
  }
}
