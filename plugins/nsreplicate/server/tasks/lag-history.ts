/** How far each replica was behind, over the last hours, for as long as this process runs. */
import { repeat } from '../../../../src/async/repeat.ts';
import type { Clock } from '../../../../src/clock.ts';
import type { Board } from './board.ts';

export interface LagPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pending: number;
  readonly oldestMs: number;
  readonly failed: number;
}

const PERIOD_MS = 5000;
/** Four hours. */
const MOST_POINTS = 2880;

export class LagHistory {
  readonly #board: Board;
  readonly #clock: Clock;
  /** By task and replica. */
  readonly #points = new Map<string, Map<string, LagPoint[]>>();

  constructor(board: Board, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** Takes points down until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await repeat(() => this.take(), { periodMs: PERIOD_MS, clock: this.#clock, signal });
  }

  /** Takes down how all replicas stand now, as far as that is known. */
  take(): void {
    if (this.#board.problem !== undefined) return;
    const at = this.#clock.now().getTime();
    const tasks = this.#board.tasks();
    const names = new Set(tasks.map(({ name }) => name));
    for (const name of [...this.#points.keys()]) if (!names.has(name)) this.#points.delete(name);
    // Of a task that nobody works on nothing new is known.
    for (const { name, status } of tasks.filter(({ atWork }) => atWork))
      for (const { name: replica, behind, failed } of status.replicas) {
        const points = this.#of(name, replica);
        points.push({ at, pending: behind.pending, oldestMs: behind.oldestMs, failed });
        if (points.length > MOST_POINTS) points.shift();
      }
  }

  /** By replica, the oldest first. @param since milliseconds since 1970 */
  points(task: string, since: number): Record<string, LagPoint[]> {
    const replicas = [...(this.#points.get(task) ?? [])];
    return Object.fromEntries(replicas.map(([name, all]) => [name, all.filter(({ at }) => at >= since)]));
  }

  #of(task: string, replica: string): LagPoint[] {
    const replicas = this.#points.get(task) ?? new Map<string, LagPoint[]>();
    this.#points.set(task, replicas);
    const points = replicas.get(replica) ?? [];
    replicas.set(replica, points);
    return points;
  }
}
