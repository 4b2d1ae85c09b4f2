/**
 * Whether a claim holds what nobody else has: what the workload has written that was moved to it, or that stands still with
 * it for a cutover in its middle. What tells it is the record of the cutover beside the claim, and the marks on what was
 * stopped.
 */
import { RefusedError } from '../../../src/errors.ts';
import { unlessForbidden } from '../../../src/kube/api/api-error.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { type ClaimRef, describeClaim, findClaim } from '../claims/claim.ts';
import { liveHolder } from '../claims/claim-lock.ts';
import { readsOnly } from '../mover/protocol/options.ts';
import { workloadsByTemplate } from '../records/claim-workloads.ts';
import { endOf } from '../records/cutover-end.ts';
import {
  cutoverLockName,
  cutoverRole,
  cutoverStateOf,
  finishedAtOf,
  isFinishedCutover,
  isUnderWay,
} from '../records/cutover-state.ts';
import { specOf } from '../records/inventory.ts';
import { movedTo as isMovedTo, type MarkedWorkload, marked } from '../records/stop-mark.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import { storeOf } from '../run/request/task-store.ts';
import { movedHere, requireUnstopped } from './stop-refusals.ts';

type Pair = Pick<CopyRequest, 'source' | 'target'>;
type Context = Pick<CopyContext, 'clock' | 'signal'>;

/**
 * Asked of a copy that is none of a cutover's; a cutover asks for itself what else its plan has to know.
 *
 * @throws RefusedError where a workload was moved to the target, and nobody has agreed to overwrite what it wrote since.
 */
export async function requireNotMovedHere(
  {
    source,
    target,
    mode,
    again = false,
    cutover = false,
  }: Pair & Pick<CopyRequest, 'mode' | 'again' | 'cutover'>,
  context: Context,
): Promise<void> {
  if (again || cutover || readsOnly(mode)) return;
  const { signal } = context;
  // Who may not ask is told so by the copy, with all that is missing.
  const [claim, records, movedAway] = await Promise.all([
    seen(findClaim(target, signal), undefined),
    seen(cutoversOf(target, context), []),
    seen(
      marked(source.kube, source.namespace, ({ moved }) => moved === true, signal),
      [],
    ),
  ]);
  if (!claim) return;
  const [record] = movedTo(records, claim.uid);
  if (record) throw movedTarget(record, { source, target });
  const mark = movedAway.find((one: MarkedWorkload) => isMovedTo(one.mark, claim.uid));
  if (mark) throw movedHere(mark, source);
}

const seen = async <T>(asked: Promise<T>, otherwise: T): Promise<T> =>
  (await unlessForbidden(asked)) ?? otherwise;

/**
 * Asked of a copy that is none of a cutover's, as {@link requireNoneStopped}.
 *
 * @throws RefusedError as that does, and where a cutover to the target has not ended: what is to run there would find the
 *   files of both.
 */
export async function requireNothingStandsStill(
  { target, mode, cutover = false }: Pick<CopyRequest, 'target' | 'mode' | 'cutover'>,
  context: Context,
): Promise<void> {
  if (cutover || readsOnly(mode)) return;
  const { signal } = context;
  await requireNoneStopped(target, signal);
  const claim = await seen(findClaim(target, signal), undefined);
  if (!claim) return;
  const { kube, namespace } = target;
  const lock = { namespace, name: cutoverLockName(claim.uid) };
  const holder = await seen(liveHolder(kube, lock, context), undefined);
  if (holder !== undefined) throw cutOverNow(target, holder);
  const [unended] = unendedTo(await seen(cutoversOf(target, context), []), claim.uid);
  if (unended) throw unendedAt(unended, target);
}

/**
 * What stands still for a cutover in its middle has written what is perhaps nowhere else. Who may not list workloads there
 * is not kept from copying.
 *
 * @throws RefusedError where what mounts a claim stands still for a cutover that has not ended.
 */
export async function requireNoneStopped(ref: ClaimRef, signal: AbortSignal): Promise<void> {
  requireUnstopped(ref, await seen(workloadsByTemplate(ref, signal), []), {});
}

/** The records of cutovers to claims of the target's namespace. */
export const cutoversOf = (
  { kube, namespace }: ClaimRef,
  { clock, signal }: Context,
): Promise<readonly TaskRecord[]> => storeOf(kube, { clock }).list({ namespace, role: cutoverRole, signal });

/** Those of them that are in their middle, by their records, and copy to this very claim. */
export const unendedTo = (records: readonly TaskRecord[], targetUid: string): TaskRecord[] =>
  records.filter((record) => specOf(record).targetUid === targetUid && isUnderWay(cutoverStateOf(record)));

/** The error where the target is that of another cutover, which has not ended. */
export function unendedAt(record: TaskRecord, target: ClaimRef): RefusedError {
  const { sourceClaim = 'another claim' } = specOf(record);
  const { task, namespace } = record;
  const { context } = target.kube.cluster;
  const where = `${task} -n ${namespace} --context ${context}`;
  return new RefusedError(
    `cutover ${task} from ${sourceClaim} to target claim ${describeClaim(target)} has not ended: what is to run there would find the files of both`,
    {
      hint: `go on with it by its own command, or see what it has left stopped by kubectl x8sync status ${where}; once that runs again, kubectl x8sync cleanup ${where} forgets it`,
    },
  );
}

const cutOverNow = (target: ClaimRef, holder: string): RefusedError =>
  new RefusedError(
    `target claim ${describeClaim(target)} is being cut over to at this moment, by ${holder}`,
    {
      hint: 'wait until that has ended: what is to run there would find the files of both',
    },
  );

/** Those of them that have moved a workload to this very claim; of one that has gone back to its source nothing is here. */
export const movedTo = (records: readonly TaskRecord[], targetUid: string): TaskRecord[] =>
  records.filter(
    (record) => specOf(record).targetUid === targetUid && isFinishedCutover(record) && !wentBack(record),
  );

/** By how it has ended, whatever a later run of it came to; a record of an older version says how the last one was to end. */
function wentBack(record: TaskRecord): boolean {
  const end = endOf(record);
  if (end) return end.afterwards === 'source';
  return record.phase === 'Succeeded' && cutoverStateOf(record)?.afterwards === 'source';
}

/** The error where the target was cut over to before. */
export function movedTarget(record: TaskRecord, { source, target }: Pair): RefusedError {
  const { sourceClaim = 'another claim' } = specOf(record);
  const at = finishedAtOf(record) ?? record.finishedAt;
  const where = `${target.kube.cluster.context}/${record.namespace}`;
  return new RefusedError(
    `target claim ${describeClaim(target)} was cut over to from ${sourceClaim} by ${record.task} of ${where}${at === undefined ? '' : `, at ${at}`}: what was written to it since would be overwritten`,
    {
      hint: `kubectl x8sync verify ${describeClaim(source)} ${describeClaim(target)} shows what differs; --again copies all the same, and what was written to the target since is lost where the source has a file of that name`,
    },
  );
}
