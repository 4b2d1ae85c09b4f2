/**
 * Notices an rsync that waits for ever. Where it takes its list in pieces and keeps hard links (-H), a name that could not
 * be put in its place leaves its generator waiting for a group of links that nobody ends (3.2.7 and 3.5.0: `rsync -aH s/ t/`
 * with three links in s, the first of which is immutable in t, or is a folder there that is not empty). With the list as a whole it ends as it should.
 */
import { descendantsOf, runningProcesses, textOf } from '../system/processes.ts';
import { pause } from '../system/programs.ts';
import { takesWholeList } from './args.ts';

/** Milliseconds between two looks. */
const everyMs = 1_000;
/** Longer than any pause of a source that is only slow, but for one that reads a very large file for its checksum. */
export const standstillMs = 60_000;

/** Whether rsync says that it could not put a name in its place. */
export const isMisplaced = (line: string): boolean =>
  /^(?:rsync: \[\w+\] rename "|could not make way for )/.test(line);

/** Whether rsync may come to wait so, by its options. */
export const mayStandStill = (args: readonly string[]): boolean =>
  args.some((one) => /^-[A-Za-z]*H/.test(one) || one === '--hard-links') &&
  !takesWholeList(args) &&
  !args.includes('--no-hard-links');

/**
 * Resolves once the processes of an rsync have neither read nor written anything for so long.
 *
 * @param pid of the one that was started. @throws the signal's reason
 */
export async function standsStill(pid: number, limitMs: number, signal: AbortSignal): Promise<void> {
  let [before, since] = [moved(pid), performance.now()];
  while (performance.now() - since < limitMs) {
    await pause(Math.min(everyMs, limitMs), signal);
    const now = moved(pid);
    if (now !== before) [before, since] = [now, performance.now()];
  }
}

/** Bytes that they have read and written by now, as proc(5) has it in `io`. */
function moved(pid: number): string {
  const all = runningProcesses();
  const family = new Set([pid, ...descendantsOf(pid, all)]);
  return all
    .filter((one) => one.name === 'rsync' && family.has(one.pid))
    .map((one) => `${one.pid} ${/^rchar: \d+\nwchar: \d+/.exec(textOf(`/proc/${one.pid}/io`))?.[0]}`)
    .join('\n');
}
