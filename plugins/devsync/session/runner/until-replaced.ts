/** A synchronizer at work, until it ends, what it depends on ends, or it gives way to the next one. */
import type { Clock } from '../../../../src/clock.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { Launched } from '../../launch/launcher.ts';
import type { IgnoreFiles } from '../../spec/ignore-files.ts';
import { ignoreFile } from '../../sync/ignore/guarded-names.ts';
import type { Attached } from '../attach/attach.ts';
import type { RunnerOptions } from './runner-options.ts';

/** Why a synchronizer gives way to the next one, for a person; nothing has failed. */
export class Replaced extends X8sError {
  override readonly name: string = 'Replaced';
}

/** The ignore rules of LOCAL's own files have changed. */
export const otherRules = () =>
  new Replaced('the ignore rules are others now: both sides are looked at anew', { hint: 'Try again.' });

/**
 * Resolves when the synchronizer has come to its end, with the reason where it gave way; rejects where something that it
 * depends on has ended. It has let go of both sides by then.
 *
 * @param stop ends the synchronizer and what is beside it; aborted with a {@link Replaced} where it is to give way.
 */
export async function untilReplaced(
  running: Promise<unknown>,
  beside: readonly Promise<unknown>[],
  stop: AbortController,
): Promise<Replaced | undefined> {
  const replaced = () => (stop.signal.reason instanceof Replaced ? stop.signal.reason : undefined);
  try {
    await Promise.race([running, ...beside]);
    return replaced();
  } catch (error) {
    const why = replaced();
    if (why === undefined) throw error;
    return why;
  } finally {
    stop.abort();
    await running.catch(() => {});
  }
}

/** Says why a synchronizer gives way: once for all containers of a sync. */
export function tellReplaced(
  { message }: Replaced,
  { rules }: Pick<IgnoreFiles, 'rules'>,
  { common, onLog }: Pick<RunnerOptions, 'common' | 'onLog'>,
): void {
  if (common === undefined || common.areOthers(rules)) onLog(message);
}

/**
 * Waits until a session may begin. Resolves with whether both sides can be worked with as they were attached: not where the
 * ignore rules are others by now. Rejects where the agent is lost before.
 *
 * @param onWait told where it is not its turn yet.
 */
export async function isTurn(
  { launched, ignoreFiles }: Pick<Attached, 'launched' | 'ignoreFiles'>,
  options: Pick<RunnerOptions, 'turn' | 'common' | 'onLog'>,
  signal: AbortSignal,
  onWait: () => void,
): Promise<boolean> {
  const { turn } = options;
  if (turn === undefined || turn.hasCome) return true;
  onWait();
  await turn.comes(lossOf(launched), signal);
  if (!ignoreFiles.areOthers([ignoreFile])) return true;
  tellReplaced(otherRules(), ignoreFiles, options);
  return false;
}

/** Rejects when the agent is lost, with why. */
export const lossOf = ({ connection }: Launched): Promise<never> =>
  connection.ended.then((why) => Promise.reject(why));

/** Resolves when some work has come to its end, in whatever way, but no later than so many milliseconds from now. */
export async function untilSettled(work: Promise<unknown>, limitMs: number, clock: Clock): Promise<void> {
  const left = new AbortController();
  const done = work.catch(() => {}).finally(() => left.abort());
  await Promise.race([done, clock.sleep(limitMs, left.signal).catch(() => {})]);
}
