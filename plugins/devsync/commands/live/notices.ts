/** Which news of syncs a person wants to be told of who looks elsewhere: conflicts, holds and failed reloads. */

import { formatPlural } from '../../../../src/ui/format.ts';
import type { RunnerState } from '../../session/runner/runner-state.ts';
import type { SeenSync } from './view.ts';

export interface Notice {
  readonly title: string;
  readonly text: string;
}

/** What is known of a sync since the last look. */
interface Known {
  readonly conflicts: number;
  readonly isHeld: boolean;
  /** Rules that have failed, each with the time of that. */
  readonly failed: ReadonlySet<string>;
}

const nothing: Known = { conflicts: 0, isHeld: false, failed: new Set() };

export class NoticeFinder {
  readonly #known = new Map<string, Known>();

  /** What is new. What was so at the first look is new as well. */
  of(syncs: readonly SeenSync[]): Notice[] {
    return syncs.flatMap(({ uid, name, state }) => {
      if (state === undefined) return [];
      const before = this.#known.get(uid) ?? nothing;
      // Before it is in sync, it knows of no conflicts; those that were known are not new after that.
      const isSettled = state.phase === 'watching';
      const now = knownOf(state);
      this.#known.set(
        uid,
        isSettled ? now : { ...now, conflicts: Math.max(before.conflicts, now.conflicts) },
      );
      return newsOf(before, now, state).map((text) => ({ title: `devsync: ${name}`, text }));
    });
  }
}

const failedReloads = ({ reloads }: RunnerState) =>
  reloads.filter(({ phase }) => phase === 'failed' || phase === 'stopped');

function knownOf(state: RunnerState): Known {
  return {
    conflicts: state.conflictCount,
    isHeld: state.phase === 'held',
    failed: new Set(failedReloads(state).map(keyOf)),
  };
}

const keyOf = ({ rule, lastRun, phase }: RunnerState['reloads'][number]) => `${rule} ${phase} ${lastRun}`;

function newsOf(before: Known, now: Known, state: RunnerState): string[] {
  const failed = failedReloads(state).filter((one) => !before.failed.has(keyOf(one)));
  return [
    ...(now.isHeld && !before.isHeld ? [`held: ${state.message}`] : []),
    ...(now.conflicts > before.conflicts
      ? [`${formatPlural(now.conflicts, 'conflict')}: ${state.conflicts.at(-1)?.path || '.'}`]
      : []),
    ...failed.map(({ rule, phase, message }) => `reload ${rule} ${phase}: ${message}`),
  ];
}
