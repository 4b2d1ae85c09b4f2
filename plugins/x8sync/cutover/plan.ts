/** What a cutover stops and starts, found out before anything is touched. */
import { RefusedError } from '../../../src/errors.ts';
import { requirePermissions } from '../../../src/kube/cluster/access.ts';
import { type ClaimRef, type ClaimState, describeClaim } from '../claims/claim.ts';
import { scalingPermissions } from '../preflight/permissions.ts';
import { claimsOf, volumesOf, type Workload, workloadsByTemplate } from '../records/claim-workloads.ts';
import {
  type CutoverState,
  describeWorkload,
  namesOf,
  type ScaledWorkload,
  scaledSides,
  type Then,
} from '../records/cutover-state.ts';
import { type CutoverId, markedIn, movedTo, type StopMark } from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request/request.ts';
import { type Claims, notMade } from './claims.ts';
import { leftStoppedLines } from './left-stopped.ts';
import { requireNoneStopped } from './moved-here.ts';
import { requireReachable } from './nodes.ts';
import { otherClaimLines, otherClaims, requireAllClaims } from './other-claims.ts';
import { requireClaimStays, requireStartable, usersToBe } from './precautions.ts';
import { rehearse } from './rehearsal.ts';
import { otherScalers } from './scalers.ts';
import { movedBefore, movedHere, requireUnstopped } from './stop-refusals.ts';
import { emptyClaims, requireAtZero, type SourceWorkloads, targetWorkloads } from './target-workloads.ts';
import { workloadsOfPods } from './workloads.ts';

/** What of a run a plan takes. */
export interface PlanContext {
  readonly signal: AbortSignal;
  readonly reporter: Pick<CopyContext['reporter'], 'info' | 'warn'>;
}

export interface PlanOptions {
  /**
   * What would start with claims that are made empty, or beside what was moved elsewhere, starts all the same; and what has
   * nothing to start in its place is stopped all the same.
   */
  readonly confirmed?: boolean | undefined;
  /** Which cutover it is; absent where nobody is about to make one. */
  readonly id?: CutoverId | undefined;
  /** It has come to its end before, and is to be made once more. */
  readonly again?: boolean;
}

/** In whose name a change is asked for in a dry run where nobody makes it. */
const nobody = ({ uid }: Pick<ClaimState, 'uid'>): CutoverId => ({ task: 'doctor', targetUid: uid });

/**
 * Finds out what is stopped and started, and tells it.
 *
 * @throws RefusedError where a workload can't be stopped, or what was asked for afterwards can't be done.
 * @throws ForbiddenError names what this user may not do.
 */
export async function planCutover(
  claims: Claims,
  afterwards: Then,
  context: PlanContext,
  { confirmed = false, id, again = false }: PlanOptions = {},
): Promise<CutoverState> {
  const { source, target } = claims;
  const { signal, reporter } = context;
  for (const side of scaledSides(afterwards)) await requireRights(claims[side].ref, signal);
  const found = await lookAt(claims, afterwards, { signal, id, again });
  const { running, idle, starting, state } = found;
  requireAtZero(target.ref, starting);
  requireUnmoved(claims, found, { confirmed, again });
  const others = otherClaims(claims, found);
  if (afterwards === 'target') requireAllClaims(others, claims, confirmed);
  const lines = [
    ...(await otherScalers(source.ref, running, 'stopped', signal)),
    ...(await otherScalers(target.ref, starting, 'started', signal)),
    ...(await usersToBe(source.ref, idle, signal)),
    ...otherClaimLines(others),
    ...(await emptyClaims(target.ref, starting, confirmed, signal)),
    ...leftStoppedLines(state, confirmed),
  ];
  await rehearse(claims, state, id ?? nobody(target), signal);
  for (const line of lines) reporter.warn(line);
  if (running.length === 0)
    reporter.warn(`no pod mounts ${describeClaim(source.ref)}: nothing has to be stopped`);
  else reporter.info(`Will stop ${namesOf(running)} of ${describeClaim(source.ref)}`);
  if (state.target.length > 0)
    reporter.info(`Will start ${namesOf(state.target)} of ${describeClaim(target.ref)}`);
  return state;
}

/**
 * The plan as it is right before anything is stopped: copies take hours, and somebody may have scaled a workload since.
 *
 * @param before as it was told when the cutover began
 * @throws RefusedError also where other workloads mount a claim by now than those that were told.
 */
export async function planAgain(
  claims: Claims,
  before: CutoverState,
  { signal, reporter }: PlanContext,
  { confirmed = false, id, again = false }: PlanOptions = {},
): Promise<CutoverState> {
  const found = await lookAt(claims, before.afterwards, { signal, id, again });
  const { starting, state } = found;
  for (const side of ['source', 'target'] as const) {
    requireSame(claims[side].ref, before[side], state[side]);
    const told = inOrder(before[side]);
    if (inOrder(state[side]) !== told)
      reporter.info(
        `By now it is ${inOrder(state[side])} of ${describeClaim(claims[side].ref)}, and was ${told}`,
      );
  }
  requireAtZero(claims.target.ref, starting);
  if (before.afterwards === 'target') requireAllClaims(otherClaims(claims, found), claims, confirmed);
  await emptyClaims(claims.target.ref, starting, confirmed, signal);
  await rehearse(claims, state, id ?? nobody(claims.target), signal);
  return state;
}

interface Found extends SourceWorkloads {
  /** Of the target, with the pods that they are to have. */
  readonly starting: readonly Workload[];
  readonly state: CutoverState;
}

async function lookAt(
  claims: Claims,
  afterwards: Then,
  { signal, ...cutover }: Pick<PlanOptions, 'id' | 'again'> & { readonly signal: AbortSignal },
): Promise<Found> {
  const { source, target } = claims;
  const { running, idle } = await workloadsOf(source.ref, signal);
  requireUnstopped(source.ref, [...running, ...idle], cutover);
  requireClaimStays(source, running);
  const isRepoint = afterwards === 'repoint';
  if (isRepoint) requireRepointable(claims, running);
  if (isRepoint || afterwards === 'source') requireStartable(source.ref, running, isRepoint);
  const starting =
    afterwards === 'target' ? await targetWorkloads(target.ref, { running, idle }, signal) : [];
  // What was moved from there may move back; what stands still there is another cutover's to start, with its files.
  await requireNoneStopped(target.ref, signal);
  if (isRepoint && target.uid !== notMade) await requireReachable(target.ref, running, signal);
  const stopped = isRepoint ? running.map((one) => repointed(one, source.ref.claim)) : running.map(scaled);
  const state = { phase: 'ready', afterwards, source: stopped, target: starting.map(scaled) } as const;
  return { running, idle, starting, state };
}

/**
 * What was moved to a claim that a workload mounts which is to start now is no second one beside that, nor where nothing is
 * to start and it was other claims that were moved: a workload with several claims goes over claim by claim. What was moved
 * to this very target has written to it since, perhaps: that both are to run says nothing about losing that.
 *
 * @throws RefusedError where a cutover has moved one of these elsewhere, or to this target before.
 */
function requireUnmoved(
  { source, target }: Claims,
  { idle, starting }: Found,
  { confirmed, again }: { readonly confirmed: boolean; readonly again: boolean },
): void {
  const { namespace, claim } = target.ref;
  const theirs = starting.flatMap(claimsOf).filter((name) => name !== claim);
  const isTheirs = ({ target: to, claims }: StopMark) => {
    if (starting.length > 0) return theirs.some((name) => to === `${namespace}/${name}`);
    return claims?.every((one) => one.claim !== source.ref.claim) ?? false;
  };
  for (const { kind, object } of idle) {
    const marked = markedIn(kind, object);
    if (!marked?.mark.moved) continue;
    const isHere = movedTo(marked.mark, target.uid);
    if (!isHere && isTheirs(marked.mark)) continue;
    if (isHere ? !again : !confirmed) throw (isHere ? movedHere : movedBefore)(marked, source.ref);
  }
}

function requireSame(ref: ClaimRef, before: readonly ScaledWorkload[], now: readonly ScaledWorkload[]): void {
  const without = (some: readonly ScaledWorkload[], others: readonly ScaledWorkload[]) =>
    some.filter(({ uid }) => !others.some((other) => other.uid === uid));
  const isStopped = ({ uid, replicas }: ScaledWorkload) =>
    replicas > 0 && now.some((other) => other.uid === uid && other.replicas === 0);
  const [come, gone] = [without(now, before), [...without(before, now), ...before.filter(isStopped)]];
  if (come.length + gone.length === 0) return;
  const parts = [
    ...(come.length > 0 ? [`${namesOf(come)} has come`] : []),
    ...(gone.length > 0 ? [`${namesOf(gone)} is gone or has no pods any more`] : []),
  ];
  throw new RefusedError(
    `what mounts ${describeClaim(ref)} is not what it was when this began, so nothing was stopped: ${parts.join(', ')}`,
    { hint: 'run the same command again: it tells first what it will stop and start' },
  );
}

/** In an order of their own, so that two lists can be compared. */
const inOrder = (workloads: readonly ScaledWorkload[]): string =>
  workloads.map(describeWorkload).sort().join(', ');

/** What has the source mounted, or would have if its pods were not away at this moment; and what has no pods by wish. */
async function workloadsOf(ref: ClaimRef, signal: AbortSignal): Promise<SourceWorkloads> {
  const [ofPods, byTemplate] = await Promise.all([
    workloadsOfPods(ref, signal),
    workloadsByTemplate(ref, signal),
  ]);
  const byUid = (workloads: readonly Workload[]) => [
    ...new Map(workloads.map((one) => [one.uid, one])).values(),
  ];
  const away = byTemplate.filter((workload) => claimsOf(workload).includes(ref.claim));
  const all = byUid([...byTemplate, ...ofPods]);
  // The pods of one that was scaled to 0 may be ending still: they are awaited, and there is nothing to stop.
  const running = byUid([...away, ...ofPods]).filter(({ replicas }) => replicas > 0);
  return { running, idle: all.filter(({ replicas }) => replicas === 0) };
}

const scaled = ({ kind, name, uid, replicas }: Workload): ScaledWorkload => ({ kind, name, uid, replicas });

/** With what its template is to name again, should it not be cut over. */
function repointed(workload: Workload, claim: string): ScaledWorkload {
  const all = workload.object.spec.template.spec?.volumes ?? [];
  const volumes = all.filter(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim);
  return { ...scaled(workload), before: { claim, volumes: volumes.map(({ name }) => name) } };
}

async function requireRights({ kube, namespace }: ClaimRef, signal: AbortSignal): Promise<void> {
  await requirePermissions(kube, scalingPermissions(namespace), { signal });
}

/** A pod mounts claims of its own namespace only, and the claims that a StatefulSet makes can't be replaced. */
function requireRepointable({ source, target, areTogether }: Claims, running: readonly Workload[]): void {
  if (!areTogether)
    throw new RefusedError('--then repoint is for two claims of one namespace: a pod mounts no other', {
      hint: `${describeClaim(source.ref)} and ${describeClaim(target.ref)} take a workload each: --then target`,
    });
  if (running.length === 0)
    throw new RefusedError(
      `no Deployment or StatefulSet with pods mounts ${describeClaim(source.ref)}: there is nothing to repoint`,
      { hint: 'copy without --cutover, and edit the template of what is to have the copy' },
    );
  for (const workload of running) {
    if (volumesOf(workload.object).includes(source.ref.claim)) continue;
    throw new RefusedError(
      `${workload.kind} ${workload.name} makes claim ${source.ref.claim} by a template of its own, and can't be given another`,
      { hint: 'a new StatefulSet can take the copy by its claim name' },
    );
  }
}
