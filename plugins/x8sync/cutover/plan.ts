/** What a cutover stops and starts, found out before anything is touched. */
import { RefusedError } from '../../../src/errors.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { requirePermissions } from '../../../src/kube/cluster/access.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import { scalingPermissions } from '../preflight/permissions.ts';
import {
  type CutoverState,
  describeWorkload,
  namesOf,
  type ScaledWorkload,
  scaledSides,
  type Then,
} from '../records/cutover-state.ts';
import { type CutoverId, isMarkUnreadable, isOf, markedIn } from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request.ts';
import type { Claims } from './claims.ts';
import { requireReachable } from './nodes.ts';
import { requireClaimStays, requireStartable, usersToBe } from './precautions.ts';
import { rehearse } from './rehearsal.ts';
import { otherScalers } from './scalers.ts';
import { movedBefore, stoppedForAnother, unreadableMark } from './stop.ts';
import {
  claimsOf,
  findWorkload,
  volumesOf,
  type Workload,
  workloadsByTemplate,
  workloadsOfPods,
} from './workloads.ts';

/** What of a run a plan takes. */
export interface PlanContext {
  readonly signal: AbortSignal;
  readonly reporter: Pick<CopyContext['reporter'], 'info' | 'warn'>;
}

export interface PlanOptions {
  /** What would start with claims that are made empty, or beside what was moved elsewhere, starts all the same. */
  readonly confirmed?: boolean;
  /** Which cutover it is; one that is made again is no second one. */
  readonly id?: CutoverId;
}

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
  { confirmed = false, id }: PlanOptions = {},
): Promise<CutoverState> {
  const { source, target } = claims;
  const { signal, reporter } = context;
  for (const side of scaledSides(afterwards)) await requireRights(claims[side].ref, signal);
  const { running, idle, state } = await lookAt(claims, afterwards, signal);
  if (!confirmed) requireUnmoved(source.ref, idle, id);
  const lines = [
    ...(await otherScalers(source.ref.kube, source.ref.namespace, running, signal)),
    ...(await usersToBe(source.ref, idle, signal)),
    ...running.flatMap((workload) => otherClaims(workload, source.ref)),
    ...(await emptyClaims(target.ref, state.target, confirmed, signal)),
  ];
  await rehearse(claims, state, signal);
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
): Promise<CutoverState> {
  const { state } = await lookAt(claims, before.afterwards, signal);
  for (const side of ['source', 'target'] as const) {
    requireSame(claims[side].ref, before[side], state[side]);
    const told = inOrder(before[side]);
    if (inOrder(state[side]) !== told)
      reporter.info(
        `By now it is ${inOrder(state[side])} of ${describeClaim(claims[side].ref)}, and was ${told}`,
      );
  }
  await rehearse(claims, state, signal);
  return state;
}

interface Found extends Record<'running' | 'idle', readonly Workload[]> {
  readonly state: CutoverState;
}

async function lookAt(claims: Claims, afterwards: Then, signal: AbortSignal): Promise<Found> {
  const { source, target } = claims;
  const { running, idle } = await workloadsOf(source.ref, signal);
  requireUnstopped(source.ref, [...running, ...idle]);
  requireClaimStays(source, running);
  if (afterwards === 'repoint') requireRepointable(claims, running);
  const startsAgain = afterwards === 'repoint' || afterwards === 'source';
  if (startsAgain) requireStartable(source.ref, running, afterwards === 'repoint');
  const next = afterwards === 'target' ? await targetWorkloads(target.ref, { running, idle }, signal) : [];
  const isRepoint = afterwards === 'repoint';
  if (isRepoint) await requireReachable(target.ref, running, signal);
  const stopped = isRepoint ? running.map((one) => repointed(one, source.ref.claim)) : running.map(scaled);
  const state = { phase: 'ready', afterwards, source: stopped, target: next } as const;
  return { running, idle, state };
}

/** @throws RefusedError where one stands still for a cutover that is in its middle, or that nobody knows any more. */
function requireUnstopped(ref: ClaimRef, workloads: readonly Workload[]): void {
  for (const { kind, name, object } of workloads) {
    if (isMarkUnreadable(object)) throw unreadableMark({ kind, name }, ref);
    const marked = markedIn(kind, object);
    if (marked && !marked.mark.moved) throw stoppedForAnother(marked, ref);
  }
}

/** @throws RefusedError where another cutover has moved one of these elsewhere. */
function requireUnmoved(ref: ClaimRef, idle: readonly Workload[], id: CutoverId | undefined): void {
  for (const { kind, object } of idle) {
    const marked = markedIn(kind, object);
    if (marked?.mark.moved && !(id && isOf(marked.mark, id))) throw movedBefore(marked, ref);
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
async function workloadsOf(
  ref: ClaimRef,
  signal: AbortSignal,
): Promise<Record<'running' | 'idle', readonly Workload[]>> {
  const [ofPods, byTemplate] = await Promise.all([
    workloadsOfPods(ref, signal),
    workloadsByTemplate(ref, signal),
  ]);
  const byUid = (workloads: readonly Workload[]) => new Map(workloads.map((one) => [one.uid, one]));
  const away = byTemplate.filter((workload) => claimsOf(workload).includes(ref.claim));
  const running = byUid([...away, ...ofPods]);
  const idle = byTemplate.filter(({ uid, replicas }) => replicas === 0 && !running.has(uid));
  return { running: [...running.values()], idle };
}

/** A workload that starts with one claim copied and the others not is one that has lost files. */
function otherClaims(workload: Workload, { claim }: ClaimRef): string[] {
  const others = claimsOf(workload).filter((other) => other !== claim);
  if (others.length === 0) return [];
  const { kind, name } = workload;
  return [`${kind} ${name} mounts other claims as well, which are not copied by this: ${others.join(', ')}`];
}

/**
 * Claims that a StatefulSet of the target would make as it starts, a line each: where nobody has copied them, its pods find
 * nothing in them.
 *
 * @throws RefusedError where nobody has agreed to that.
 */
async function emptyClaims(
  { kube, namespace, claim }: ClaimRef,
  workloads: readonly ScaledWorkload[],
  confirmed: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const of = async (workload: ScaledWorkload): Promise<string[]> => {
    const object = await findWorkload(kube, namespace, workload, signal);
    const all = object ? claimsOf({ ...workload, object }) : [];
    const claims = all.filter((name) => name !== claim);
    const there = await Promise.all(
      claims.map((name) => kube.find(persistentVolumeClaims, { namespace, name }, { signal })),
    );
    const missing = claims.filter((_, index) => there[index] === undefined);
    if (missing.length === 0) return [];
    const { kind, name, replicas } = workload;
    const what = `${kind} ${name} (${replicas}) of the target would start with claims that are not there: ${missing.join(', ')}`;
    if (confirmed) return [`${what}; those that a StatefulSet makes are empty`];
    throw new RefusedError(`${what}; nothing was stopped`, {
      hint: "copy the source's of these first, with --create-target; or pass --yes, and they are made empty",
    });
  };
  return (await Promise.all(workloads.map(of))).flat();
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

/**
 * Those that mount the target claim; each is to have as many pods as the source's of its name, or as the source's only
 * one. Where that of its name has no pods by wish, it is left without; but the only one starts where nothing runs at the
 * source: its workload was stopped by hand.
 */
async function targetWorkloads(
  ref: ClaimRef,
  { running, idle }: Pick<Found, 'running' | 'idle'>,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const found = await workloadsByTemplate(ref, signal);
  if (found.length === 0)
    throw new RefusedError(
      `no Deployment or StatefulSet mounts ${describeClaim(ref)}: there is nothing to start`,
      {
        hint: 'make it with no replicas first, or give --then nothing',
      },
    );
  const isIdle = ({ kind, name }: Workload) => idle.some((one) => one.kind === kind && one.name === name);
  const isOnly = running.length === 0 && found.length === 1;
  const starting = isOnly ? found : found.filter((workload) => !isIdle(workload));
  if (starting.length === 0)
    throw new RefusedError(
      `none of what mounts ${describeClaim(ref)} is to start: ${found.map(({ kind, name }) => `${kind} ${name}`).join(', ')} of the source has no pods`,
      {
        hint: 'scale at the source what is to run, or give --then nothing and scale it at the target afterwards',
      },
    );
  requireStartable(ref, starting, false);
  return starting.map((workload) => {
    const [only, ...others] = running;
    const model =
      running.find(({ name }) => name === workload.name) ?? (others.length === 0 ? only : undefined);
    return { ...scaled(workload), replicas: Math.max(1, model?.replicas ?? workload.replicas) };
  });
}

/** A pod mounts claims of its own namespace only, and the claims that a StatefulSet makes can't be replaced. */
function requireRepointable({ source, target, areTogether }: Claims, running: readonly Workload[]): void {
  if (!areTogether)
    throw new RefusedError('--then repoint is for two claims of one namespace: a pod mounts no other', {
      hint: `${describeClaim(source.ref)} and ${describeClaim(target.ref)} take a workload each: --then target`,
    });
  for (const workload of running) {
    if (volumesOf(workload.object).includes(source.ref.claim)) continue;
    throw new RefusedError(
      `${workload.kind} ${workload.name} makes claim ${source.ref.claim} by a template of its own, and can't be given another`,
      { hint: 'a new StatefulSet can take the copy by its claim name' },
    );
  }
}
