/** The records of one task on both sides, as far as a run has opened them: what it writes there while it works and when it ends. */
import { allEnded } from '../../../../src/async/lazy.ts';
import type { Clock } from '../../../../src/clock.ts';
import { type ExitCode, X8sError } from '../../../../src/errors.ts';
import type { EndPhase, TaskRecord, TaskState } from '../../../../src/tasks/record.ts';
import type { StartOutcome } from '../../../../src/tasks/store.ts';
import { type SideRecord, type UncleanSide, uncleanBecause } from '../../objects/side-cleanup.ts';
import type { Role, TaskSide } from '../../objects/sides.ts';
import { type FirstCopy, noteFirstCopy } from '../first-copy.ts';
import { forgetEnd, noteExitCode } from '../kept-end.ts';
import { storeOf } from '../request/task-store.ts';

/** A side that this run works on. */
export interface OpenSide {
  readonly record: TaskRecord;
  readonly side: TaskSide;
  readonly outcome: StartOutcome;
  /** What the record was before this run; absent of one that this run is about to begin. */
  readonly before?: TaskState;
}

export class TaskRecords {
  readonly #clock: Clock;
  readonly #opened: Partial<Record<Role, OpenSide>> = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A side is open, or is by now more than it was. */
  note(role: Role, open: OpenSide): void {
    this.#opened[role] = open;
  }

  get target(): OpenSide | undefined {
    return this.#opened.target;
  }

  /** What was opened; the target, which decides, first. */
  get sides(): (OpenSide & SideRecord)[] {
    return (['target', 'source'] as const).flatMap((role) => {
      const open = this.#opened[role];
      return open ? [{ ...open, kube: open.side.kube }] : [];
    });
  }

  /** Changes both, beside the copy; a write that fails is not worth a failed copy. */
  changeBeside(change: (state: TaskState, open: OpenSide) => void): void {
    for (const open of this.sides) this.#update(open, (state) => change(state, open)).catch(() => {});
  }

  /** Leaves the task as it is, to nobody, with what a person is told of it. */
  async leave(message: string): Promise<void> {
    await allEnded(this.sides.map((side) => this.#end(side, { holder: undefined, message })));
  }

  /** Leaves the task to its schedule. */
  async leaveScheduled(first: Omit<FirstCopy, 'at'>): Promise<void> {
    const at = this.#clock.now().toISOString();
    const left = { holder: undefined, progress: undefined, message: `first copy: ${first.message}` };
    const written = this.sides.map((open) =>
      this.#update(open, (state) => {
        forgetEnd(state);
        noteFirstCopy(state, { ...first, at });
        Object.assign(state, left);
      }),
    );
    await allEnded(written);
  }

  /** Writes the end of the run to both records; resolves with the sides whose record could not be written. */
  async finish(phase: EndPhase, message: string, exitCode?: ExitCode): Promise<UncleanSide[]> {
    const finishedAt = this.#clock.now().toISOString();
    const ended = { phase, message, finishedAt, progress: undefined, holder: undefined };
    const written = this.sides.map(async (side) => {
      try {
        await this.#end(side, ended, exitCode);
        return [];
      } catch (error) {
        if (error instanceof X8sError) return [uncleanBecause(side, error)];
        throw error;
      }
    });
    return (await allEnded(written)).flat();
  }

  /** Removes the records of these sides; resolves with those whose record could not be removed. */
  async remove(sides: readonly SideRecord[], signal: AbortSignal): Promise<UncleanSide[]> {
    const removed = sides.map(async (side) => {
      try {
        await storeOf(side.kube, { clock: this.#clock }).remove(side.record, { signal });
        return [];
      } catch (failure) {
        return [uncleanBecause(side, failure)];
      }
    });
    return (await Promise.all(removed)).flat();
  }

  /** Has the records of these sides be what they were before this run; resolves with those that could not be written. */
  async restore(sides: readonly (OpenSide & SideRecord)[]): Promise<UncleanSide[]> {
    const restored = sides.map(async (side) => {
      try {
        await this.#update(side, (state) => Object.assign(state, side.before));
        return [];
      } catch (failure) {
        return [uncleanBecause(side, failure)];
      }
    });
    return (await Promise.all(restored)).flat();
  }

  /** Writes what this run comes to; what was seen of an earlier one's mover is old then. */
  #end(open: OpenSide, ended: Partial<TaskState>, exitCode?: ExitCode): Promise<void> {
    return this.#update(open, (state) => {
      forgetEnd(state);
      noteExitCode(state, exitCode);
      Object.assign(state, ended);
    });
  }

  async #update({ side, record }: OpenSide, change: (state: TaskState) => void): Promise<void> {
    await storeOf(side.kube, { clock: this.#clock }).update(record, change);
  }
}
