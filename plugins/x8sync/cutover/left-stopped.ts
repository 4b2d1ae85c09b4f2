/** What a cutover stops at the source, and starts nothing for at the target: nobody misses it until it is needed. Pure. */
import { RefusedError } from '../../../src/errors.ts';
import { type CutoverState, namesOf, type ScaledWorkload } from '../records/cutover-state.ts';

type Scaled = Pick<ScaledWorkload, 'kind' | 'name' | 'uid' | 'replicas'>;

/**
 * Those of the source's for which nothing of their kind and name starts at the target. Where all names differ, nobody can
 * tell which is for which: it is none of them, or all where fewer start than are stopped. None where the target starts
 * nothing by the person's own wish.
 */
export function leftStopped<One extends Scaled>({
  afterwards,
  source,
  target,
}: Pick<CutoverState, 'afterwards'> & {
  readonly source: readonly One[];
  readonly target: readonly Scaled[];
}): One[] {
  if (afterwards !== 'target') return [];
  const without = source.filter(
    ({ kind, name }) => !target.some((one) => one.kind === kind && one.name === name),
  );
  if (without.length < source.length) return without;
  return target.length < source.length ? without : [];
}

/**
 * What of a plan stays stopped, a line.
 *
 * @throws RefusedError where some does, and nobody has agreed to that.
 */
export function leftStoppedLines(
  state: Pick<CutoverState, 'afterwards' | 'source' | 'target'>,
  confirmed: boolean,
): string[] {
  const left = leftStopped(state);
  if (left.length === 0) return [];
  const line = leftLine(left, state);
  if (confirmed) return [line];
  throw new RefusedError(`${line}; nothing was stopped`, {
    hint: 'make at the target, with no replicas, what is to run in its place, mounting the target claim; or pass --yes, and it stays stopped',
  });
}

/** Only where no name is the same, all are left: which of what starts stands for which of them is not known. */
function leftLine(
  left: readonly ScaledWorkload[],
  { source, target }: Pick<CutoverState, 'source' | 'target'>,
): string {
  const names = `${namesOf(left)} of the source`;
  return left.length < source.length
    ? `${names} stays stopped: nothing of its kind and name, with the target claim, starts at the target`
    : `${names} is stopped, and only ${namesOf(target)} of the target is started, under another name`;
}
