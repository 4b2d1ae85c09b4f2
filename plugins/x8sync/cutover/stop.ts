/** Stops a workload for a cutover, so that everybody sees for which; and lets it go. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { isConflict, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { WriteOptions } from '../../../src/kube/api/client.ts';
import { untilNotOvertaken } from '../../../src/kube/api/overtaken.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import type { ClaimRef, NamespaceRef } from '../claims/claim.ts';
import { type WorkloadObject, workloadsByTemplate } from '../records/claim-workloads.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import {
  type CutoverId,
  forgetLine,
  isOf,
  markedIn,
  markOf,
  mayHaveRun,
  type StopMark,
  type StoppedFor,
} from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request/request.ts';
import { stoppedForAnother } from './stop-refusals.ts';
import { findWorkload, resourceOf } from './workloads.ts';

/** A write is not made any more after so long. Its answer is awaited whatever ends the run: who goes back has to know it. */
export const writeWithinMs = 15_000;

/**
 * Leaves a workload no pods, with the mark of the cutover that it stands still for, in one write: of two cutovers that stop
 * it at once only one does. It ends once the server has answered, whatever has ended the run.
 *
 * @returns its generation afterwards.
 * @throws RefusedError where it is gone, or stands still for another cutover.
 */
export async function stop(
  place: NamespaceRef,
  workload: ScaledWorkload,
  stoppedFor: StoppedFor,
  { signal, dryRun = false }: { readonly signal: AbortSignal; readonly dryRun?: boolean },
): Promise<number> {
  const { kind, name, replicas, before } = workload;
  const mark: StopMark = { ...stoppedFor, replicas, ...(before && { before }) };
  const asStopped = (object: WorkloadObject | undefined): Change => {
    if (!object)
      throw new RefusedError(
        `${kind} ${name} in ${place.kube.cluster.context}/${place.namespace} is gone, or was made anew`,
        {
          hint: 'run the same command again: it tells first what it will stop and start',
        },
      );
    const marked = markedIn(kind, object);
    if (marked && !marked.mark.moved && !isOf(marked.mark, mark)) throw stoppedForAnother(marked, place);
    return { replicas: 0, mark };
  };
  const stopped = await changeAsRead(place, workload, asStopped, {
    signal,
    dryRun,
    notAfterMs: writeWithinMs,
  });
  return stopped?.metadata.generation ?? 0;
}

/**
 * Gives a workload that a cutover has stopped as many pods as it had; it stands still for nothing any more.
 *
 * @returns whether it was; not where it is gone, or stands still for another cutover.
 * @throws RefusedError where the cutover has come to its end: what ran here runs there.
 */
export async function startAgain(
  place: NamespaceRef,
  workload: ScaledWorkload,
  stoppedFor: CutoverId,
): Promise<boolean> {
  const { kind, name, replicas } = workload;
  const asBefore = (object: WorkloadObject | undefined): Change | undefined => {
    const mark = object && markOf(object);
    if (!object || (mark && !isOf(mark, stoppedFor))) return undefined;
    if (mark?.moved)
      throw new RefusedError(
        `${kind} ${name} was moved to claim ${mark.target}: its cutover has ended since`,
        {
          hint: 'another run has brought it to its end, so the source is not started beside it; kubectl x8sync list shows which',
        },
      );
    return { replicas, mark: undefined };
  };
  const { signal } = new AbortController();
  return (await changeAsRead(place, workload, asBefore, { signal })) !== undefined;
}

interface Change {
  readonly replicas: number;
  readonly mark: StopMark | undefined;
}

/**
 * @param change of what was read; asked again where somebody has written to it in between. Undefined changes nothing.
 * @param signal of the reading
 */
async function changeAsRead(
  { kube, namespace }: NamespaceRef,
  workload: ScaledWorkload,
  change: (object: WorkloadObject | undefined) => Change | undefined,
  { signal, ...call }: WriteOptions & { readonly signal: AbortSignal },
): Promise<WorkloadObject | undefined> {
  const { name, uid } = workload;
  const attempt = async (): Promise<WorkloadObject | undefined> => {
    const object = await findWorkload(kube, namespace, workload, signal);
    const changed = change(object);
    if (!object || !changed) return undefined;
    const { replicas, mark } = changed;
    const { resourceVersion } = object.metadata;
    const annotations = { [stopMarkKey]: mark ? JSON.stringify(mark) : null };
    const patch = { metadata: { uid, resourceVersion, annotations }, spec: { replicas } };
    return kube.patch(resourceOf(workload), { namespace, name }, patch, { ...call, type: 'merge' });
  };
  // What was deleted in between is not there when it is read again.
  const isOvertaken = (error: unknown) => isConflict(error) || isNotFound(error);
  return untilNotOvertaken(attempt, { isOvertaken });
}

/** Which claim was moved where. */
export interface Move extends Pick<StoppedFor, 'target' | 'targetUid' | 'task'> {
  readonly source: ClaimRef;
}

/**
 * What stays stopped stands still for nothing any more, and its mark says where it has gone: another cutover of it would
 * start a second one beside that. What stood still before, for a cutover of another claim of it, has this one moved as
 * well. It is no failure where a mark stays as it was.
 *
 * @param stopped by this cutover
 */
export async function letGo(
  move: Move,
  stopped: readonly ScaledWorkload[],
  context: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  const { source } = move;
  for (const workload of stopped) await noted(move, workload, (mark) => isOf(mark, move), context);
  const mounting = await workloadsByTemplate(source, context.signal).catch(() => {
    context.signal.throwIfAborted();
    return [];
  });
  const others = mounting.filter(({ uid }) => !stopped.some((one) => one.uid === uid));
  for (const workload of others) await noted(move, workload, (mark) => mark.moved === true, context);
}

/** Writes to the mark of one that its claim was moved; to no mark that is another's. */
async function noted(
  { source: { kube, namespace, claim }, target, targetUid }: Move,
  workload: ScaledWorkload,
  isOurs: (mark: StopMark) => boolean,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<void> {
  const { kind, name, uid } = workload;
  const note = async (): Promise<void> => {
    const object = await findWorkload(kube, namespace, workload, signal);
    const mark = object && markOf(object);
    if (!mark || !isOurs(mark)) return;
    // What was copied before it ran again is old.
    const standing = mark.moved && !mayHaveRun({ kind, object }, mark) ? (mark.claims ?? []) : [];
    if (standing.some((one) => isDeepStrictEqual(one, { claim, target, targetUid }))) return;
    const claims = [...standing.filter((one) => one.claim !== claim), { claim, target, targetUid }];
    const { generation = 0 } = object.metadata;
    const moved = { ...mark, moved: true, generation, claims } satisfies StopMark;
    const patch = { metadata: { uid, annotations: { [stopMarkKey]: JSON.stringify(moved) } } };
    await kube.patch(resourceOf(workload), { namespace, name }, patch, { type: 'merge', signal });
  };
  await note().catch((error: unknown) => {
    signal.throwIfAborted();
    const line = forgetLine(workload, kube.cluster.context, namespace);
    reporter.warn(
      `All is cut over, but the mark of this cutover could not be changed on ${kind} ${name} of ${kube.cluster.context}/${namespace} (${messageOf(error)}); it looks as if it stood still for it: ${line}`,
    );
  });
}
