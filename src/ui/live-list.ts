/** The live task list, by listr2, on stderr. */
import { DefaultRenderer, figures, Listr, ListrLogger, ProcessOutput } from 'listr2';
import { LiveStep, type LiveStepContext } from './live-step.ts';
import type { Step, StepGroup } from './reporter.ts';
import type { LiveRegion, Screen } from './screen.ts';
import { runInOrder, stepsOf } from './step-runner.ts';

/** What of log-update the renderer needs; listr2 keeps it private. */
interface LogUpdate {
  /** Erases the live region, writes the text for good, and begins a new region below it. */
  persist(text: string): void;
}

/** listr2's own renderer with lines above the list. */
class LiveRenderer extends DefaultRenderer implements LiveRegion {
  // listr2 asks stdout whether it is a terminal; what counts here is stderr, and that was asked already.
  static override nonTTY = true;

  printAbove(text: string): void {
    (this as unknown as { updater: LogUpdate }).updater.persist(text);
    this.update();
  }
}

interface ListContext extends LiveStepContext {
  readonly screen: Screen;
}

/**
 * listr2 gets every task at once and side by side, since it draws only what has begun; the order is kept
 * here, and what waits for its turn is drawn as waiting.
 */
export async function runLiveList(
  entries: readonly (Step | StepGroup)[],
  context: ListContext,
): Promise<void> {
  const groups = entries.map((entry) => stepsOf(entry).map((step) => new LiveStep(step, context)));
  const steps = groups.flat();
  const list = new Listr(
    steps.map((step) => step.listrTask),
    {
      concurrent: true,
      exitOnError: false,
      renderer: rendererOf(steps, context),
      rendererOptions: rendererOptions(context),
      // The suite's own handlers turn signals into an abort; listr2's would exit with 127 at once.
      registerSignalListeners: false,
    },
  );
  context.screen.isLive = true;
  const drawn = list.run();
  try {
    await runInOrder(groups, (step, isOwn) => step.run(isOwn));
  } finally {
    await Promise.all(steps.filter((step) => step.idle).map((step) => step.abandon()));
    await drawn;
    context.screen.isLive = false;
  }
}

function rendererOf(steps: readonly LiveStep[], { style, screen }: ListContext): typeof LiveRenderer {
  const idleIcon = style.faint(figures.squareSmallFilled);
  return class extends LiveRenderer {
    override async render() {
      await super.render();
      screen.attach(this);
    }

    override end() {
      screen.attach(undefined);
      super.end();
    }

    protected override style(task: Parameters<LiveRenderer['style']>[0], output?: boolean): string {
      const idle = steps.some((step) => step.idle && step.isDrawnBy(task));
      return idle ? idleIcon : super.style(task, output);
    }
  };
}

function rendererOptions({ stream, style }: ListContext) {
  const color = (paint: (text: string) => string) => (text?: string) => paint(text ?? '');
  return {
    logger: new ListrLogger({
      useIcons: true,
      // Both are stderr: stdout is for data and stays untouched, also while the list is live.
      processOutput: new ProcessOutput(stream, stream, { leaveEmptyLine: false }),
    }),
    // The error is printed once, by whoever catches it, with details and hint.
    showErrorMessage: false,
    // Stopped by another step's failure; listr2 knows only that it did not run to its end.
    icon: { SKIPPED_WITH_COLLAPSE: figures.circleSlash },
    color: {
      PENDING: color(style.caution),
      COMPLETED: color(style.good),
      FAILED: color(style.bad),
      OUTPUT: color(style.faint),
    },
  };
}
