/** Stops a workload for a cutover, so that everybody sees for which; and lets it go. */
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { isConflict } from '../../../src/kube/api/api-error.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import type { ClaimRef } from '../claims/claim.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import { forgetLine, isOf, markedIn, markOf, type StopMark } from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request.ts';
import { stoppedForAnother } from './stop-refusals.ts';
import { findWorkload, resourceOf } from './workloads.ts';

type Place = Pick<ClaimRef, 'kube' | 'namespace'>;

/** A workload whose status changes all the time is written to by others again and again. */
const mostConflicts = 20;

/**
 * Leaves a workload no pods, with the mark of the cutover that it stands still for, in one write: of two cutovers that stop
 * it at once only one does.
 *
 * @returns its generation afterwards.
 * @throws RefusedError where it is gone, or stands still for another cutover.
 */
export async function stop(
  { kube, namespace }: Place,
  workload: ScaledWorkload,
  { task, target, targetUid }: Omit<StopMark, 'replicas' | 'before'>,
  signal: AbortSignal,
): Promise<number> {
  const { kind, name, uid, replicas, before } = workload;
  const mark: StopMark = { task, target, targetUid, replicas, ...(before && { before }) };
  for (let conflicts = 0; ; conflicts++) {
    const object = await findWorkload(kube, namespace, workload, signal);
    if (!object)
      throw new RefusedError(
        `${kind} ${name} in ${kube.cluster.context}/${namespace} is gone, or was made anew`,
      );
    const marked = markedIn(kind, object);
    if (marked && !marked.mark.moved && !isOf(marked.mark, mark))
      throw stoppedForAnother(marked, { kube, namespace });
    const { resourceVersion } = object.metadata;
    const annotations = { [stopMarkKey]: JSON.stringify(mark) };
    const patch = { metadata: { uid, resourceVersion, annotations }, spec: { replicas: 0 } };
    try {
      const call = { type: 'merge', signal } as const;
      const { metadata } = await kube.patch(resourceOf(workload), { namespace, name }, patch, call);
      return metadata.generation ?? 0;
    } catch (error) {
      if (!isConflict(error) || conflicts >= mostConflicts) throw error;
    }
  }
}

/**
 * What stays stopped stands still for nothing any more, and its mark says where it has gone: another cutover of it would
 * start a second one beside that. It is no failure where a mark stays as it was.
 */
export async function letGo(
  { kube, namespace }: Place,
  workloads: readonly ScaledWorkload[],
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  const forget = async (workload: ScaledWorkload): Promise<void> => {
    const object = await findWorkload(kube, namespace, workload, signal);
    const mark = object && markOf(object);
    if (!mark) return;
    const { uid, name } = workload;
    const annotations = { [stopMarkKey]: JSON.stringify({ ...mark, moved: true }) };
    const patch = { metadata: { uid, annotations } };
    await kube.patch(resourceOf(workload), { namespace, name }, patch, { type: 'merge', signal });
  };
  for (const workload of workloads)
    await forget(workload).catch((error: unknown) => {
      signal.throwIfAborted();
      const line = forgetLine(workload, kube.cluster.context, namespace);
      reporter.warn(
        `The mark of this cutover stays on ${workload.kind} ${workload.name} (${messageOf(error)}): ${line}`,
      );
    });
}
