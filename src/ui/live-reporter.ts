/** A reporter for a terminal: single lines, and a live task list while a run is on. */
import type { CollectingReporter } from './create-reporter.ts';
import { Warnings } from './step-runner.ts';
import { createStyle } from './style.ts';

export interface LiveReporterOptions {
  readonly stream: NodeJS.WriteStream;
  readonly color: boolean;
  readonly verbose: boolean;
}

/** The whole list from the start, spinners, durations; details and progress below the step they belong to. */
export function createLiveReporter({ stream, color, verbose }: LiveReporterOptions): CollectingReporter {
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
      await runLiveList(entries, { stream, style, warn, screen });
    },
    info: (text) => screen.print(text),
    warn,
    debug: (text) => {
      if (verbose) screen.print(style.faint(text));
    },
  };
}

/** A live region that lets single lines pass above it. */
export interface LiveRegion {
  printAbove(text: string): void;
}

/** Where single lines go: above the list while it is live, straight to the stream while it is not. */
export class Screen {
  #live: LiveRegion | undefined;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  print(text: string): void {
    if (this.#live) this.#live.printAbove(text);
    else this.#stream.write(`${text}\n`);
  }

  attach(region: LiveRegion | undefined): void {
    this.#live = region;
  }
}
