/** What the mover makes of a worker's states: whether it is there, and what became of its lists. Pure, by the mover's clock. */
import type { ListResult, WorkerState } from './messages.ts';

/** What one look has shown. */
export interface Seen {
  /** It has come, or come again. */
  readonly came: boolean;
  /** Why it is not there any more. */
  readonly went?: string | undefined;
  /** Its process has another one's place: what that one had is nobody's. */
  readonly isAnother: boolean;
}

export class WorkerView {
  /** It has given a sign of late. */
  isThere = false;
  /** The process that is there, or was last. */
  id = '';
  name = '';
  works: WorkerState['works'] = [];
  done: readonly ListResult[] = [];
  readonly #run: string;
  readonly #goneMs: number;
  #beat = -1;
  #movedAt = 0;

  /** @param goneMs so long it may give no sign. */
  constructor(run: string, goneMs: number) {
    this.#run = run;
    this.#goneMs = goneMs;
  }

  /**
   * @param state undefined where there is none, or none that can be read right now.
   * @param now milliseconds of the mover's own clock.
   */
  look(state: WorkerState | undefined, now: number): Seen {
    const own = state?.run === this.#run ? state : undefined;
    if (own && own.id !== this.id) return this.#meet(own, now);
    if (own && own.beat !== this.#beat) return this.#moved(own, now);
    if (!this.isThere || now - this.#movedAt < this.#goneMs) return { came: false, isAnother: false };
    this.isThere = false;
    const went = `it has given no sign for ${Math.round(this.#goneMs / 1000)} s`;
    return { came: false, went, isAnother: false };
  }

  #meet(state: WorkerState, now: number): Seen {
    const isAnother = this.id !== '';
    this.id = state.id;
    this.name = state.name;
    this.isThere = false;
    return { ...this.#moved(state, now), isAnother };
  }

  #moved({ beat, isLeaving, works, done }: WorkerState, now: number): Seen {
    const was = this.isThere;
    [this.#beat, this.#movedAt, this.isThere] = [beat, now, !isLeaving];
    [this.works, this.done] = [works, done];
    const went = was && isLeaving ? 'it was asked to end' : undefined;
    return { came: !was && !isLeaving, went, isAnother: false };
  }
}
