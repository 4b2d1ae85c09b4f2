/** Timestamped lines, for pipes, CI logs and screen readers. */
import type { Clock } from '../clock.ts';
import { forTerminal } from '../plain-text.ts';
import { formatDuration } from './format.ts';
import { progressFigures } from './progress-line.ts';
import type { CollectingReporter, Progress, Step, StepHandle } from './reporter.ts';
import { runInOrder, stepsOf, Warnings } from './step-runner.ts';

/** The least time between two lines of one step that goes on: a log is read afterwards. */
const quietMs = 10_000;

export interface PlainReporterOptions {
  readonly stream: Pick<NodeJS.WritableStream, 'write'>;
  readonly verbose: boolean;
  readonly clock: Clock;
}

/** One line for each thing that happens: `12:03:04 Source claim validated (0.4s)`. */
export function createPlainReporter({ stream, verbose, clock }: PlainReporterOptions): CollectingReporter {
  const warnings = new Warnings();
  const line = (text: string) => {
    stream.write(`${timeOfDay(clock.now())} ${forTerminal(text).replaceAll('\n', '\n         ')}\n`);
  };
  const warn = (text: string) => {
    if (warnings.add(text)) line(`Warning: ${text}`);
  };
  return {
    warnings: warnings.list,
    run: (entries) =>
      runInOrder(entries.map(stepsOf), (step, isOwn) => runStep(step, { line, warn, verbose, clock, isOwn })),
    info: line,
    warn,
    debug: (text) => {
      if (verbose) line(text);
    },
  };
}

interface LineContext {
  readonly line: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly verbose: boolean;
  readonly clock: Clock;
  readonly isOwn: (error: unknown) => boolean;
}

async function runStep(step: Step, { line, warn, verbose, clock, isOwn }: LineContext): Promise<void> {
  const begun = clock.monotonic();
  let title = step.title;
  let lastLine = begun;
  let lastDetail = '';
  // What a watch goes on to tell of a step that is over (its pod has gone, as it should) is no news.
  let isOver = false;
  const goesOn = (text: string) => {
    lastLine = clock.monotonic();
    line(`${title}: ${text}`);
  };
  const wasQuiet = () => clock.monotonic() - lastLine >= quietMs;
  const handle: StepHandle = {
    title: (text) => {
      title = text;
    },
    detail: (text) => {
      if (isOver || text === lastDetail || !(verbose || wasQuiet())) return;
      lastDetail = text;
      if (text !== '') goesOn(text);
    },
    progress: (progress: Progress) => {
      if (!isOver && wasQuiet()) goesOn(progressFigures(progress));
    },
    warn,
  };
  line(`${step.title} …`);
  try {
    await step.run(handle);
  } catch (error) {
    line(`${isOwn(error) ? 'Failed' : 'Stopped'}: ${title}`);
    throw error;
  } finally {
    isOver = true;
  }
  line(`Done: ${title} (${formatDuration(clock.monotonic() - begun)})`);
}

/** `12:03:04` in local time. */
function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
