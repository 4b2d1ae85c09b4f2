/** The reporter for where the output goes. */
import { type Clock, systemClock } from '../clock.ts';
import { createLiveReporter } from './live-reporter.ts';
import { createPlainReporter } from './plain-reporter.ts';
import type { CollectingReporter } from './reporter.ts';
import { createSilentReporter } from './silent-reporter.ts';

export interface ReporterOptions {
  /** Where it is shown: stderr, since stdout is for data. */
  readonly stream: NodeJS.WriteStream;
  /** Live redraw, as `canRedraw` says; false in pipes and CI. */
  readonly live: boolean;
  readonly color: boolean;
  /** Shows `debug` lines. */
  readonly verbose: boolean;
  /** `-o json` and the like: nothing is shown but, with verbose, plain lines. */
  readonly quiet: boolean;
  readonly clock?: Clock;
}

/** Live task list on a terminal, timestamped lines without one, nothing where a document is awaited. */
export function createReporter(options: ReporterOptions): CollectingReporter {
  const { stream, color, verbose, clock = systemClock } = options;
  if (options.quiet && !verbose) return createSilentReporter();
  if (options.quiet || !options.live) return createPlainReporter({ stream, verbose, clock });
  return createLiveReporter({ stream, color, verbose, clock });
}
