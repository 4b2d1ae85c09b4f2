/** One step's line in the live list. */
import type { Listr, ListrTask } from 'listr2';
import type { Clock } from '../clock.ts';
import { forTerminal } from '../plain-text.ts';
import { formatDuration } from './format.ts';
import { progressLine } from './progress-line.ts';
import type { Step, StepHandle } from './reporter.ts';
import type { Style } from './style.ts';
import { truncate } from './width.ts';

/** Between two redraws of a step's second line; listr2's spinner turns as often. */
const redrawMs = 100;
/** Steps shorter than this show no duration: it would be noise. */
const notableMs = 1000;
/** Columns that the list itself takes before a step's second line. */
const indentation = 6;

type TaskWrapper = Parameters<ListrTask['task']>[1];
type Task = Listr['tasks'][number];

export interface LiveStepContext {
  readonly stream: NodeJS.WriteStream;
  readonly style: Style;
  readonly warn: (text: string) => void;
  readonly clock: Clock;
}

/**
 * A step as listr2 sees it: a task that is drawn from the start, waits for its turn behind a gate, and ends
 * as the step does.
 */
export class LiveStep {
  readonly title: string;
  readonly listrTask: ListrTask;
  /** It waits for its turn, or will not get one. */
  idle = true;
  readonly #step: Step;
  readonly #context: LiveStepContext;
  readonly #drawn = Promise.withResolvers<TaskWrapper>();
  readonly #ended = Promise.withResolvers<void>();
  #task: Task | undefined;

  constructor(step: Step, context: LiveStepContext) {
    this.title = forTerminal(step.title);
    this.#step = step;
    this.#context = context;
    this.listrTask = {
      title: this.title,
      task: async (_, wrapper) => {
        this.#task = wrapper.task;
        this.#drawn.resolve(wrapper);
        await this.#ended.promise;
      },
    };
  }

  isDrawnBy(task: unknown): boolean {
    return this.#task !== undefined && this.#task === task;
  }

  /** Takes its turn. Where it was stopped by another step's failure, its line shows that it was stopped, not that it failed. */
  async run(isOwn: (error: unknown) => boolean): Promise<void> {
    const wrapper = await this.#drawn.promise;
    this.idle = false;
    try {
      await this.#work(wrapper);
      this.#ended.resolve();
    } catch (error) {
      if (isOwn(error)) this.#ended.reject(error);
      else {
        wrapper.skip();
        this.#ended.resolve();
      }
      throw error;
    }
  }

  /** Ends the line of a step that will never begin. */
  async abandon(): Promise<void> {
    const wrapper = await this.#drawn.promise;
    wrapper.skip();
    this.#ended.resolve();
  }

  async #work(wrapper: TaskWrapper): Promise<void> {
    const { stream, style, warn, clock } = this.#context;
    const begun = clock.monotonic();
    const columns = () => (stream.columns ?? 80) - indentation;
    const show = throttled((line: () => string) => {
      wrapper.output = [line()];
    });
    let title = this.title;
    const handle: StepHandle = {
      title: (text) => {
        title = forTerminal(text);
        wrapper.title = [title];
      },
      detail: (text) => show.call(() => truncate(forTerminal(text), columns())),
      progress: (progress) => show.call(() => progressLine(progress, columns())),
      warn,
    };
    try {
      await this.#step.run(handle);
    } finally {
      show.stop();
    }
    const took = clock.monotonic() - begun;
    if (took >= notableMs) wrapper.title = [`${title} ${style.faint(formatDuration(took))}`];
  }
}

/** Passes on the last argument, at once and then at most every 100 ms; nothing once it is stopped. */
function throttled<T>(pass: (argument: T) => void): { call(argument: T): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let waiting: { argument: T } | undefined;
  let isStopped = false;
  const flush = () => {
    timer = undefined;
    if (!waiting) return;
    const { argument } = waiting;
    waiting = undefined;
    timer = setTimeout(flush, redrawMs);
    pass(argument);
  };
  return {
    call: (argument) => {
      if (isStopped) return;
      waiting = { argument };
      if (timer === undefined) flush();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      waiting = undefined;
    },
  };
}
