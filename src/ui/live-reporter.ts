/** A reporter for a terminal: single lines, and a live task list while a run is on. */
import type { Clock } from '../clock.ts';
import { Dashboard } from './dashboard.ts';
import type { CollectingReporter, Step, StepGroup } from './reporter.ts';
import { Screen } from './screen.ts';
import { runInOrder, stepsOf, Warnings } from './step-runner.ts';
import { createStyle, type Style } from './style.ts';

export interface LiveReporterOptions {
  readonly stream: NodeJS.WriteStream;
  readonly color: boolean;
  readonly verbose: boolean;
  readonly clock: Clock;
}

/** The whole list from the start, spinners, durations; details and progress below the step they belong to. */
export function createLiveReporter(options: LiveReporterOptions): CollectingReporter {
  const { stream, color, verbose, clock } = options;
  const style = createStyle(color);
  const screen = new Screen(stream);
  const warnings = new Warnings();
  const warn = (text: string) => {
    if (warnings.add(text)) screen.print(`${style.caution('Warning:')} ${text}`);
  };
  return {
    warnings: warnings.list,
    run: async (entries) => {
      // listr2 takes 40 ms to load; only who looks at a list pays.
      const { runLiveList } = await import('./live-list.ts');
      // One list at a time: steps that run beside it or inside it are told as lines above it.
      if (screen.isLive) return runAsLines(entries, { style, warn, print: (text) => screen.print(text) });
      await runLiveList(entries, { stream, style, warn, screen, clock });
    },
    info: (text) => screen.print(text),
    warn,
    openDashboard: (input) => new Dashboard({ input, stream, style, screen }),
    debug: (text) => {
      if (verbose) screen.print(style.faint(text));
    },
  };
}

interface Lines {
  readonly style: Style;
  readonly warn: (text: string) => void;
  readonly print: (text: string) => void;
}

/** Steps without a list of their own: one line for each when it has ended. */
function runAsLines(entries: readonly (Step | StepGroup)[], { style, warn, print }: Lines): Promise<void> {
  const ignore = () => {};
  return runInOrder(entries.map(stepsOf), async (step) => {
    let ended = step.title;
    const title = (text: string) => {
      ended = text;
    };
    try {
      await step.run({ title, detail: ignore, progress: ignore, warn });
    } catch (error) {
      print(`${style.bad('✖')} ${ended}`);
      throw error;
    }
    print(`${style.good('✔')} ${ended}`);
  });
}
