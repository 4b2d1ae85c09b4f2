/**
 * Cutovers of two claims that an earlier run has left in their middle, found by the names of the claims. The name of a task
 * comes of the claims' uids: once one of them was made anew, the same command would begin another cutover, and nobody
 * would start what the first one has stopped.
 */
import { RefusedError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { describeClaim } from '../claims/claim.ts';
import {
  cutoverRole,
  cutoverStateOf,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  scaleCommand,
} from '../records/cutover-state.ts';
import { specOf } from '../records/inventory.ts';
import { standingStill } from '../records/stopped-workloads.ts';
import type { CopyContext, CopyRequest } from '../run/request.ts';
import { storeOf } from '../run/task-store.ts';
import { type Claims, readClaims } from './claims.ts';

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
 * @throws RefusedError where there is one, with what it has stopped and how to start that.
 */
export async function claimsFor(
  pair: Pair,
  nameOf: (claims: Claims) => string,
  context: CopyContext,
): Promise<Claims> {
  const earlier = await earlierCutovers(pair, context);
  const claims = await readClaims(pair.source, pair.target, context.signal).catch((error: unknown) => {
    const [left] = earlier;
    throw left && isNotFound(error) ? leftBehind(left, pair, `a claim of it is gone`) : error;
  });
  const name = nameOf(claims);
  for (const one of earlier) {
    const { sourceUid, targetUid } = specOf(one.record);
    if (sourceUid !== claims.source.uid || targetUid !== claims.target.uid)
      throw leftBehind(one, pair, 'a claim of it was made anew since');
    if (one.record.task !== name) throw ofOtherName(one, pair);
  }
  return claims;
}

async function earlierCutovers(
  { source, target }: Pair,
  { clock, signal }: CopyContext,
): Promise<EarlierCutover[]> {
  const { namespace } = target;
  const store = storeOf(target.kube, { clock });
  const records = await store.list({ namespace, role: cutoverRole, signal });
  const found = records.map(async (record): Promise<EarlierCutover[]> => {
    const { sourceClaim, targetClaim } = specOf(record);
    const state = cutoverStateOf(record);
    const isOfThese =
      sourceClaim === `${source.namespace}/${source.claim}` && targetClaim === `${namespace}/${target.claim}`;
    if (!isOfThese || !state || !isUnderWay(state)) return [];
    // By their uids: workloads of another cluster that is named alike are others.
    const stopped = await standingStill(source.kube, source.namespace, state, signal);
    return stopped.length > 0 ? [{ record, stopped }] : [];
  });
  return (await Promise.all(found)).flat();
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
