/** Stops what mounts the source, and starts what is to run afterwards. Each may be done again, to the same end. */
import { messageOf, RefusedError, TimeoutError, X8sError } from '../../../src/errors.ts';
import type { WriteOptions } from '../../../src/kube/api/client.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import type { ClaimRef } from '../claims/claim.ts';
import { type CutoverState, type ScaledWorkload, scaleCommand } from '../records/cutover-state.ts';
import { type CutoverId, isOf, markOf, type StopMark } from '../records/stop-mark.ts';
import { withDetails } from '../run/failure-evidence.ts';
import type { CopyContext } from '../run/request.ts';
import type { ClaimUsers } from './claim-users.ts';
import { podTroubles } from './pod-troubles.ts';
import { hasStarted, requireMounted } from './readiness.ts';
import { stop } from './stop.ts';
import { findWorkload, resourceOf, scale, volumesOf, type WorkloadObject } from './workloads.ts';

export interface SwitchOptions {
  readonly timeoutMs: number;
  readonly context: CopyContext;
}

/** Which cutover stops them. */
export type StoppedFor = Omit<StopMark, 'replicas' | 'before'>;

/**
 * Leaves all of these no pods, and waits until none mounts the claim any more.
 *
 * @param users of the claim.
 * @returns their generations afterwards.
 */
export async function stopWorkloads(
  ref: Pick<ClaimRef, 'kube' | 'namespace'>,
  workloads: readonly ScaledWorkload[],
  users: ClaimUsers,
  { timeoutMs, context, stoppedFor }: SwitchOptions & { readonly stoppedFor: StoppedFor },
): Promise<number[]> {
  const stopped = workloads.map((workload) => stop(ref, workload, stoppedFor, context.signal));
  const generations = await Promise.all(stopped);
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const meddled = untilChanged(ref, workloads, generations, { clock: context.clock, signal });
  meddled.catch(() => {});
  try {
    await Promise.race([users.gone(timeoutMs), meddled]);
  } finally {
    over.abort();
  }
  return generations;
}

const lookMs = 1000;

/** Never resolves. @throws RefusedError once somebody else has changed one of these: its pods may never go. */
async function untilChanged(
  ref: Pick<ClaimRef, 'kube' | 'namespace'>,
  workloads: readonly ScaledWorkload[],
  generations: readonly number[],
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<never> {
  for (;;) {
    await clock.sleep(lookMs, signal);
    // What does not answer is the matter of those that wait.
    const changed = await changedSince(ref, workloads, generations, signal).catch(() => undefined);
    if (changed) throw changedBesides(changed);
  }
}

/** The error where a workload does not stand still. */
export const changedBesides = ({ kind, name }: ScaledWorkload): RefusedError =>
  new RefusedError(`${kind} ${name} was changed by somebody else while it was to stand still`, {
    hint: 'find out who scales it (an autoscaler, a GitOps controller), and pause that first',
  });

/** The generations of these, by which changes of them are known later; 0 for one that is gone. */
export async function generationsOf(
  { kube, namespace }: Pick<ClaimRef, 'kube' | 'namespace'>,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<number[]> {
  const found = workloads.map((workload) => findWorkload(kube, namespace, workload, signal));
  return (await Promise.all(found)).map((object) => object?.metadata.generation ?? 0);
}

/**
 * The one of these that somebody has changed since it was stopped, perhaps started for a moment: what it wrote is in no
 * copy then.
 *
 * @param generations as {@link stopWorkloads} resolved with them.
 */
export async function changedSince(
  { kube, namespace }: Pick<ClaimRef, 'kube' | 'namespace'>,
  workloads: readonly ScaledWorkload[],
  generations: readonly number[],
  signal: AbortSignal,
): Promise<ScaledWorkload | undefined> {
  for (const [index, workload] of workloads.entries()) {
    const now = await findWorkload(kube, namespace, workload, signal);
    if (now?.metadata.generation !== generations[index] || now?.spec.replicas !== 0) return workload;
  }
  return undefined;
}

/**
 * Scales all of these to what they are to have, and waits until their pods are ready.
 *
 * @param ref the claim that the pods are to mount.
 * @returns when the last of them was ready, in milliseconds: a look at their pods is no downtime.
 * @throws RefusedError where they mount another one.
 */
export async function startWorkloads(
  ref: ClaimRef,
  workloads: readonly ScaledWorkload[],
  { timeoutMs, context: { clock, signal } }: SwitchOptions,
): Promise<number> {
  const { kube, namespace } = ref;
  const moments = await Promise.all(
    workloads.map(async (workload) => {
      const { kind, name, replicas } = workload;
      const where = `${kube.cluster.context}/${namespace}`;
      const scaled = scale(kube, namespace, workload, replicas);
      await unlessRefused(kube, patching(workload, namespace), scaled, { signal });
      const waiting = waitFor(
        kube,
        resourceOf(workload),
        { namespace, name },
        (now) => (hasStarted(now, workload, ref) ? now : undefined),
        { timeoutMs, signal, clock, what: `${kind} ${name} in ${where} to be ready` },
      );
      const started = await waiting.catch(async (error: unknown) => {
        if (!(error instanceof TimeoutError)) throw error;
        throw withDetails(error, await podTroubles(ref, workload, signal), undefined);
      });
      const readyAt = clock.now().getTime();
      await requireMounted(ref, workload, started, signal);
      return readyAt;
    }),
  );
  return moments.length > 0 ? Math.max(...moments) : clock.now().getTime();
}

/**
 * Scales the source's back, whatever became of the rest; says how to do it by hand where that fails.
 *
 * @returns those that run again: one that somebody has deleted meanwhile does not, nor does one that stands still for
 *   another cutover.
 */
export async function restore(
  { kube, namespace }: Pick<ClaimRef, 'kube' | 'namespace'>,
  workloads: readonly ScaledWorkload[],
  stoppedFor: CutoverId,
): Promise<ScaledWorkload[]> {
  const { signal } = new AbortController();
  const results = await Promise.allSettled(
    workloads.map(async (workload) => {
      const object = await findWorkload(kube, namespace, workload, signal);
      const mark = object && markOf(object);
      if (!object || (mark && !isOf(mark, stoppedFor))) return false;
      await scale(kube, namespace, workload, workload.replicas);
      return true;
    }),
  );
  const failed = workloads.filter((_, index) => results[index]?.status === 'rejected');
  const [reason] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failed.length === 0)
    return workloads.filter((_, index) => {
      const result = results[index];
      return result?.status === 'fulfilled' && result.value;
    });
  throw new X8sError(messageOf(reason), {
    details: failed.map((workload) => scaleCommand(workload, kube.cluster.context, namespace)),
    hint: 'run these, or the same command again',
    cause: reason,
  });
}

/** Gives the pods of these workloads the other claim in the place of the first. May be done again, and in a dry run. */
export async function repoint(
  { kube, namespace, claim }: ClaimRef,
  to: string,
  workloads: readonly ScaledWorkload[],
  call: WriteOptions & { readonly signal: AbortSignal },
): Promise<void> {
  for (const workload of workloads) {
    const object = await findWorkload(kube, namespace, workload, call.signal);
    if (!object) throw new RefusedError(`${workload.kind} ${workload.name} is gone, or was made anew`);
    const patch = volumesOf(object).flatMap((name, index) =>
      name === claim ? volumePatch(index, claim, to) : [],
    );
    const ref = { namespace, name: workload.name };
    if (patch.length === 0) continue;
    const patched = kube.patch(resourceOf(workload), ref, patch, { ...call, type: 'json' });
    await unlessRefused(kube, patching(workload, namespace), patched, { signal: call.signal });
  }
}

/** Takes back what {@link repoint} has done, perhaps of some only; one that somebody has deleted is left out. */
export async function pointBack(
  source: ClaimRef,
  from: string,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<void> {
  const { kube, namespace, claim } = source;
  const found = workloads.map((workload) => findWorkload(kube, namespace, workload, signal));
  const objects = await Promise.all(found);
  const there = workloads.filter((_, index) => objects[index] !== undefined);
  await repoint({ ...source, claim: from }, claim, there, { signal });
}

/** Whether the pods of these workloads mount the claim no more. */
export async function areRepointed(
  { kube, namespace, claim }: ClaimRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const workload of workloads) {
    const object = await findWorkload(kube, namespace, workload, signal);
    if (!object || volumesOf(object).includes(claim)) return false;
  }
  return true;
}

/**
 * Whether nothing was told to start yet of what is to run afterwards. A workload that this cutover has given the other
 * claim, and that has no pods, was not.
 */
export async function isUnstarted(
  source: ClaimRef,
  target: ClaimRef,
  { afterwards, phase, ...state }: CutoverState,
  signal: AbortSignal,
): Promise<boolean> {
  if (afterwards === 'source' || afterwards === 'nothing') return true;
  if (afterwards === 'repoint' && phase !== 'starting')
    return !(await areRepointed(source, state.source, signal));
  const [{ kube, namespace }, workloads] =
    afterwards === 'target' ? [target, state.target] : [source, state.source];
  const found = workloads.map((workload) => findWorkload(kube, namespace, workload, signal));
  const isOld = (object: WorkloadObject) =>
    afterwards === 'repoint' && volumesOf(object).includes(source.claim);
  return (await Promise.all(found)).every(
    (object) => object === undefined || object.spec.replicas === 0 || isOld(object),
  );
}

/** The right that a change of a workload takes. */
export const patching = (workload: ScaledWorkload, namespace: string): Permission => ({
  ...{ verb: 'patch', resource: resourceOf(workload), namespace },
});

/** The volume has to be what it was when it was read. */
function volumePatch(index: number, from: string, to: string): object[] {
  const path = `/spec/template/spec/volumes/${index}/persistentVolumeClaim/claimName`;
  return [
    { op: 'test', path, value: from },
    { op: 'replace', path, value: to },
  ];
}
