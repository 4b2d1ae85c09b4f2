/** What an engine of this plugin is handed. */
import type { Clock } from '../../../src/clock.ts';
import type { Reporter } from '../../../src/ui/reporter.ts';

export interface CopyContext {
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** Aborted by the person's first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Takes a list of what would be left in the clusters if the process ended that very moment. */
  onAbandoned(list: () => readonly string[]): void;
}
