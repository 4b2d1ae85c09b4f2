/**
 * Cutovers of two claims that an earlier run has left in their middle, found by the names of the claims. The name of a task
 * comes of the claims' uids: once one of them was made anew, the same command would begin another cutover, and nobody
 * would start what the first one has stopped.
 */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { clusterOf, describeClaim } from '../claims/claim.ts';
import { checkApart, requireTwoClaims } from '../claims/claim-checks.ts';
import {
  cutoverStateOf,
  describeWorkload,
  isFinishedCutover,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  scaleCommand,
} from '../records/cutover-state.ts';
import { specOf } from '../records/inventory.ts';
import { forgetLine, type MarkedWorkload, stoppedBy } from '../records/stop-mark.ts';
import { cutoverIdOf, standingStill } from '../records/stopped-workloads.ts';
import { finishedAlready } from '../run/copy/may-begin.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import { type Claims, readClaims } from './claims.ts';
import { againHint, asFinished } from './finished.ts';
import { cutoversOf, movedTarget, movedTo, unendedAt, unendedTo } from './moved-here.ts';
import { stoppedForAnother } from './stop-refusals.ts';

type Pair = Pick<CopyRequest, 'source' | 'target'>;

/** One whose workloads nobody has started since. */
interface EarlierCutover {
  readonly record: TaskRecord;
  readonly stopped: readonly ScaledWorkload[];
}

/**
 * Reads both claims, and makes sure that no cutover is in its middle that this one would not go on with.
 *
 * @param nameOf the name of the cutover between these claims
 * @throws RefusedError where there is one, with what it has stopped and how to start that; where the two are one volume.
 */
export async function claimsFor(
  pair: Pair & Pick<CopyRequest, 'again'>,
  nameOf: (claims: Claims) => string,
  context: CopyContext,
): Promise<Claims> {
  await requireTwoClaims(pair.source, pair.target, context.signal);
  const { records, earlier } = await earlierCutovers(pair, context);
  const claims = await readClaims(pair.source, pair.target, context.signal).catch(async (error: unknown) => {
    if (!isNotFound(error)) throw error;
    const [left] = earlier;
    if (left) throw leftBehind(left, pair, 'a claim of it is gone');
    const [still] = await stillFor(pair, context.signal);
    throw still ? await standsFor(still, pair, 'a claim of it is gone', context.signal) : error;
  });
  // What was moved to the target says nothing about two names of one volume.
  checkApart(claims.source, claims.target);
  const name = nameOf(claims);
  requireNotFinished(records, { name, claims, again: pair.again === true, pair });
  for (const one of earlier) {
    const { sourceUid, targetUid } = specOf(one.record);
    if (sourceUid !== claims.source.uid || targetUid !== claims.target.uid)
      throw leftBehind(one, pair, 'a claim of it was made anew since');
    if (one.record.task !== name) throw ofOtherName(one, pair);
  }
  const unended = unendedTo(records, claims.target.uid).find((record) => !isOfSource(record, claims, pair));
  if (unended) throw unendedAt(unended, pair.target);
  const [still] = (await stillFor(pair, context.signal)).filter(
    ({ mark }) => mark.targetUid !== claims.target.uid,
  );
  if (still) throw await standsFor(still, pair, 'its target was made anew since', context.signal);
  return claims;
}

/** Those of the target's namespace, and of them those of this source that are in their middle. */
async function earlierCutovers(
  { source, target }: Pair,
  { clock, signal }: CopyContext,
): Promise<{ readonly records: readonly TaskRecord[]; readonly earlier: readonly EarlierCutover[] }> {
  const { namespace } = target;
  const records = await cutoversOf(target, { clock, signal });
  const isOfThese = (record: TaskRecord) =>
    isNamed(record, source) && specOf(record).targetClaim === `${namespace}/${target.claim}`;
  const ofThese = records.filter(isOfThese);
  const found = ofThese.map(async (record): Promise<EarlierCutover[]> => {
    const state = cutoverStateOf(record);
    if (!state || !isUnderWay(state)) return [];
    // By their uids: workloads of another cluster that is named alike are others.
    const stopped = await standingStill(source, state, cutoverIdOf(record), signal);
    return stopped.length > 0 ? [{ record, stopped }] : [];
  });
  return { records, earlier: (await Promise.all(found)).flat() };
}

const isNamed = (record: TaskRecord, { namespace, claim }: Pair['source']): boolean =>
  specOf(record).sourceClaim === `${namespace}/${claim}`;

/** Whether a cutover is of this source, also where that was made anew since: what it has stopped was looked for. */
const isOfSource = (record: TaskRecord, claims: Claims, { source }: Pair): boolean =>
  specOf(record).sourceUid === claims.source.uid ||
  (isNamed(record, source) && record.peer?.server === source.kube.cluster.server);

/** What stands still at the source for a cutover to a claim of the target's name; none where that may not be asked. */
async function stillFor({ source, target }: Pair, signal: AbortSignal): Promise<MarkedWorkload[]> {
  const name = `${target.namespace}/${target.claim}`;
  try {
    return await stoppedBy(source.kube, source.namespace, (mark) => mark.target === name, signal);
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

/**
 * @throws RefusedError where the two were cut over before under another name, or another source was cut over to this target:
 *   it has been written to since.
 */
function requireNotFinished(
  records: readonly TaskRecord[],
  { name, claims, again, pair }: Readonly<{ name: string; claims: Claims; again: boolean; pair: Pair }>,
): void {
  if (again) return;
  const { source, target } = claims;
  const isOfThis = (record: TaskRecord) => specOf(record).sourceUid === source.uid;
  const others = records.filter(({ task }) => task !== name);
  const before = others.find(
    (record) => isOfThis(record) && specOf(record).targetUid === target.uid && isFinishedCutover(record),
  );
  if (before) throw finishedAlready(asFinished(before), againHint);
  const other = movedTo(records, target.uid).find((record) => !isOfThis(record));
  if (other) throw movedTarget(other, pair);
}

/** A claim of another cluster may have the same name, and its cutover goes on, or is to be gone on with. */
async function standsFor(
  marked: MarkedWorkload,
  pair: Pair,
  why: string,
  signal: AbortSignal,
): Promise<RefusedError> {
  const { targetCluster } = marked.mark;
  if (targetCluster === undefined || targetCluster === (await clusterOf(pair.target, signal)))
    return leftMarked(marked, pair, why);
  return stoppedForAnother(marked, pair.source, 'of another cluster');
}

function leftMarked({ workload, mark }: MarkedWorkload, { source }: Pair, why: string): RefusedError {
  const { context } = source.kube.cluster;
  return new RefusedError(
    `${describeWorkload(workload)} of ${context}/${source.namespace} stands still for cutover ${mark.task} to claim ${mark.target}, which can't be gone on with: ${why}`,
    {
      details: [scaleCommand(workload, context, source.namespace)],
      hint: `see first that nothing of that target runs: the line above starts it as it was; ${forgetLine(workload, context, source.namespace)} is for one that is to stay without pods`,
    },
  );
}

const titleOf = ({ record, stopped }: EarlierCutover, { source, target }: Pair): string =>
  `cutover ${record.task} from ${describeClaim(source)} to ${describeClaim(target)} is in its middle: ${namesOf(stopped)} of the source stands still`;

function leftBehind(left: EarlierCutover, pair: Pair, why: string): RefusedError {
  const { kube, namespace } = pair.source;
  const { record } = left;
  const there = pair.target.kube.cluster.context;
  return new RefusedError(`${titleOf(left, pair)}, and it can't be gone on with: ${why}`, {
    details: left.stopped.map((workload) => scaleCommand(workload, kube.cluster.context, namespace)),
    hint: `see first that the target's workload has written nothing that is to stay; the lines above start the source's as it was, and kubectl x8sync cleanup ${record.task} -n ${record.namespace} --context ${there} removes the record then`,
  });
}

const ofOtherName = (left: EarlierCutover, pair: Pair) =>
  new RefusedError(titleOf(left, pair), {
    hint: `go on with it by --name ${left.record.task}`,
  });
