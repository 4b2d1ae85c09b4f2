/** The plugin on a line that may not answer, and when it says so. */
import { environment, pluginProgram, startPlugin } from './kubectl.ts';
import { run } from './process.ts';

/** Runs the plugin to its end, and how many milliseconds after its start it said something, less what a start takes. */
export async function saidBy(under: readonly string[], ...args: string[]) {
  const startUp = performance.now();
  await run(pluginProgram('devsync'), ['--version'], { env: environment });
  const begun = performance.now();
  const running = startPlugin('devsync', args, {}, under);
  await running.saw(/./);
  const firstWord = performance.now() - begun - (begun - startUp);
  return { ...(await running.ended), firstWord };
}
