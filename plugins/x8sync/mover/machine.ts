/** What a mover has of the process that it is. */
import type { Places } from './places.ts';
import type { Voice } from './voice.ts';

/** Sends a signal to a process, which may have ended meanwhile. */
export type Kill = (pid: number, signal: NodeJS.Signals) => void;

export interface Machine {
  readonly places: Places;
  readonly voice: Voice;
  readonly uid: number;
  /** All groups, the first one first. */
  readonly gids: readonly number[];
  readonly kill: Kill;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
}
