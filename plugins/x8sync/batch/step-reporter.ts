/** One line of a live table for a copy that has steps of its own. */
import type { Reporter, Step, StepGroup, StepHandle } from '../../../src/ui/reporter.ts';

/** What the steps of a copy say becomes the remark, the progress and the warnings of one step. */
export class StepReporter implements Reporter {
  readonly #label: string;
  readonly #handle: StepHandle;
  readonly #parent: Reporter;

  constructor(label: string, handle: StepHandle, parent: Reporter) {
    this.#label = label;
    this.#handle = handle;
    this.#parent = parent;
  }

  async run(entries: readonly (Step | StepGroup)[]): Promise<void> {
    for (const entry of entries) {
      const steps = 'concurrent' in entry ? entry.concurrent : [entry];
      const ended = await Promise.allSettled(steps.map((step) => this.#run(step)));
      const [failure] = ended.filter((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
    }
  }

  async #run({ title, run }: Step): Promise<void> {
    this.#handle.detail(title);
    await run({
      title: (text) => this.#handle.detail(text),
      detail: (text) => this.#handle.detail(text),
      progress: (progress) => this.#handle.progress(progress),
      warn: (text) => this.warn(text),
    });
  }

  /** Which task it is stands in the summary. */
  info(text: string): void {
    this.debug(text);
  }

  warn(text: string): void {
    this.#handle.warn(`${this.#label}: ${text}`);
  }

  debug(text: string): void {
    this.#parent.debug(`${this.#label}: ${text}`);
  }
}
