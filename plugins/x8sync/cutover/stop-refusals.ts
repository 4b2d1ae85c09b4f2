/** Why a workload is not stopped by a cutover: it bears the mark of one. */
import { RefusedError } from '../../../src/errors.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import type { Workload } from '../records/claim-workloads.ts';
import { describeWorkload, type ScaledWorkload, scaleCommand } from '../records/cutover-state.ts';
import {
  type CutoverId,
  forgetLine,
  isMarkUnreadable,
  isOf,
  type MarkedWorkload,
  markedIn,
} from '../records/stop-mark.ts';

/**
 * @param cutover which one asks, and whether it is to be made once more
 * @throws RefusedError where one stands still for a cutover that is in its middle, or that nobody knows any more.
 */
export function requireUnstopped(
  place: NamespaceRef,
  workloads: readonly Workload[],
  { id, again = false }: { readonly id?: CutoverId | undefined; readonly again?: boolean },
): void {
  for (const { kind, name, object } of workloads) {
    if (isMarkUnreadable(object)) throw unreadableMark({ kind, name }, place);
    const marked = markedIn(kind, object);
    if (!marked || marked.mark.moved) continue;
    // One that has ended may have been kept from saying so on its mark.
    if (id && again && isOf(marked.mark, id)) continue;
    throw id && isOf(marked.mark, id) ? stoppedUnrecorded(marked, place) : stoppedForAnother(marked, place);
  }
}

/** The error where a workload stands still for a cutover that this one is not. */
export function stoppedForAnother(
  { workload, mark }: MarkedWorkload,
  { kube, namespace }: NamespaceRef,
  where?: string,
): RefusedError {
  const { context } = kube.cluster;
  return new RefusedError(
    `${describeWorkload(workload)} of ${context}/${namespace} stands still for cutover ${mark.task} to claim ${mark.target}${where === undefined ? '' : ` ${where}`}, which has not ended`,
    {
      details: [scaleCommand(workload, context, namespace)],
      hint: `go on with that cutover by its own command, or wait where a run is at it; only where nobody is, the line above starts what it has stopped, and ${forgetLine(workload, context, namespace)} is for one that is to stay without pods, or that somebody has started and stopped by hand since`,
    },
  );
}

/** The error where what a workload did is done elsewhere by now. */
export function movedBefore(
  { workload, mark }: MarkedWorkload,
  { kube, namespace }: NamespaceRef,
): RefusedError {
  return new RefusedError(
    `${describeWorkload(workload)} of ${kube.cluster.context}/${namespace} was moved to claim ${mark.target} by cutover ${mark.task}: what this one starts would run beside it`,
    {
      details: [forgetLine(workload, kube.cluster.context, namespace)],
      hint: 'see what runs there; --yes is for a second one that is to run beside it; where nothing of that cutover is to stay, the line above takes its mark away',
    },
  );
}

/** The error where what a workload did is done at this very target by now. */
export function movedHere(
  { workload, mark }: MarkedWorkload,
  { kube, namespace }: NamespaceRef,
): RefusedError {
  return new RefusedError(
    `${describeWorkload(workload)} of ${kube.cluster.context}/${namespace} was moved to claim ${mark.target} by cutover ${mark.task} before: what that has written since would be overwritten`,
    { hint: '--again makes it once more what the source is: what was written there since is lost' },
  );
}

/** The error where a mark is there that nobody can read. */
export function unreadableMark(
  { kind, name }: Pick<ScaledWorkload, 'kind' | 'name'>,
  { kube, namespace }: NamespaceRef,
): RefusedError {
  const { context } = kube.cluster;
  return new RefusedError(
    `${kind} ${name} of ${context}/${namespace} has no pods, and its annotation ${stopMarkKey}, by which a cutover has stopped it, can't be read`,
    {
      hint: `kubectl x8sync list --context ${context} -n ${namespace} shows which; ${forgetLine({ kind, name }, context, namespace)} is for one that is to stay without pods`,
    },
  );
}

/** The error where a workload stands still for this very cutover, whose record does not tell of it. */
export function stoppedUnrecorded(
  { workload, mark }: MarkedWorkload,
  { kube, namespace }: NamespaceRef,
): RefusedError {
  const { context } = kube.cluster;
  return new RefusedError(
    `${describeWorkload(workload)} of ${context}/${namespace} was stopped by this cutover (${mark.task}), whose record at the target tells nothing of it any more`,
    {
      details: [scaleCommand(workload, context, namespace)],
      hint: `see first that nothing of the target runs: the line above starts it as it was, and the same command begins anew then; ${forgetLine(workload, context, namespace)} is for one that is to stay without pods, or that somebody has started and stopped by hand since`,
    },
  );
}
