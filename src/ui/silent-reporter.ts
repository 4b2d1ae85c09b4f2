/** Runs steps and says nothing, but remembers warnings. */
import type { CollectingReporter, StepHandle } from './reporter.ts';
import { runInOrder, stepsOf, Warnings } from './step-runner.ts';

const nothing = () => {};

/** For `-o json|yaml|name`: stdout will bear one document, and stderr only an error. */
export function createSilentReporter(): CollectingReporter {
  const warnings = new Warnings();
  const warn = (text: string) => void warnings.add(text);
  const handle: StepHandle = { title: nothing, detail: nothing, progress: nothing, warn };
  return {
    warnings: warnings.list,
    run: (entries) => runInOrder(entries.map(stepsOf), (step) => step.run(handle)),
    info: nothing,
    warn,
    debug: nothing,
  };
}
