/** Stops what mounts the source, and starts what is to run afterwards. Each may be done again, to the same end. */
import { allEnded } from '../../../src/async/lazy.ts';
import { messageOf, RefusedError, TimeoutError, X8sError } from '../../../src/errors.ts';
import { isConflict, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { WriteOptions } from '../../../src/kube/api/client.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import type { ClaimRef, NamespaceRef } from '../claims/claim.ts';
import { claimsOf, volumesOf } from '../records/claim-workloads.ts';
import { type ScaledWorkload, scaleCommand } from '../records/cutover-state.ts';
import type { CutoverId, StoppedFor } from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request/request.ts';
import { withDetails } from '../run/results/failure-evidence.ts';
import type { ClaimUsers } from './claim-users.ts';
import { persistently } from './persistently.ts';
import { podTroubles } from './pod-troubles.ts';
import { hasStarted, isReady, requireMounted } from './readiness.ts';
import { untilChanged } from './standstill.ts';
import { startAgain, stop, writeWithinMs } from './stop.ts';
import { findWorkload, lookLine, resourceOf, scale } from './workloads.ts';

export interface SwitchOptions {
  readonly timeoutMs: number;
  readonly context: CopyContext;
}

/**
 * Leaves all of these no pods, and waits until none mounts the claim any more.
 *
 * @param users of the claim.
 * @returns their generations afterwards.
 */
export async function stopWorkloads(
  ref: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  users: ClaimUsers,
  { timeoutMs, context, stoppedFor }: SwitchOptions & { readonly stoppedFor: StoppedFor },
): Promise<number[]> {
  const stopping = workloads.map((workload) => {
    const stopped = stop(ref, workload, stoppedFor, { signal: context.signal });
    return unlessRefused(ref.kube, patching(workload, ref.namespace), stopped, { signal: context.signal });
  });
  // A stop that is under way would land after the way back, and nobody would undo it.
  const generations = await allEnded(stopping);
  context.signal.throwIfAborted();
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const meddled = untilChanged(ref, workloads, generations, { clock: context.clock, signal });
  meddled.catch(() => {});
  try {
    await Promise.race([users.gone(workloads, timeoutMs), meddled]);
  } finally {
    over.abort();
  }
  return generations;
}

/**
 * Scales all of these to what they are to have, and waits until their pods are ready.
 *
 * @param ref the claim that the pods are to mount.
 * @returns when the last of them was seen to get ready, in milliseconds: a look at their pods is no downtime. Undefined where
 *   all of them were ready already, since an earlier run had started them.
 * @throws GoneError where one is another by now; RefusedError where they mount another claim.
 */
export async function startWorkloads(
  ref: ClaimRef,
  workloads: readonly ScaledWorkload[],
  options: SwitchOptions,
): Promise<number | undefined> {
  // Whether any was started is asked once one was declined.
  const wereReady = await allEnded(workloads.map((workload) => start(ref, workload, options.context)));
  const moments = await Promise.all(workloads.map((workload) => readyAt(ref, workload, options)));
  const seen = workloads.length === 0 ? [options.context.clock.now().getTime()] : moments;
  const got = seen.filter((_, index) => !wereReady[index]);
  return got.length > 0 ? Math.max(...got) : undefined;
}

/** The workload that was to be started is not there any more, or another one has its name. */
export class GoneError extends RefusedError {}

/**
 * One that has the claim mounted already keeps its count: an earlier run has started it, and an autoscaler set it since.
 *
 * @returns whether it was ready before.
 */
async function start(
  ref: ClaimRef,
  workload: ScaledWorkload,
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<boolean> {
  const { kube, namespace, claim } = ref;
  const { replicas } = workload;
  let wasReady: boolean | undefined;
  const toScale = async () => {
    const object = await findWorkload(kube, namespace, workload, signal);
    if (!object) throw gone(ref, workload);
    const now = object.spec.replicas ?? 1;
    const runs = claimsOf({ ...workload, object, replicas: now }).includes(claim);
    // An attempt whose answer never came is this run's.
    wasReady ??= runs && isReady(object, workload);
    await scale(kube, namespace, workload, runs ? now : replicas);
  };
  try {
    const scaled = persistently(toScale, { clock, signal });
    await unlessRefused(kube, patching(workload, namespace), scaled, { signal });
    return wasReady === true;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
    throw gone(ref, workload, error);
  }
}

const gone = (place: NamespaceRef, workload: ScaledWorkload, cause?: unknown) =>
  new GoneError(`${workload.kind} ${workload.name} is gone, or was made anew`, {
    details: [lookLine(place, workload)],
    hint: 'the line above shows what has that name now: a cutover starts none but that which it began with; the warning above says how the two sides stand, and the ways on and back',
    cause,
  });

/** When its pods were ready. */
async function readyAt(
  ref: ClaimRef,
  workload: ScaledWorkload,
  { timeoutMs, context: { clock, signal } }: SwitchOptions,
): Promise<number> {
  const { kube, namespace } = ref;
  const { kind, name } = workload;
  const where = `${kube.cluster.context}/${namespace}`;
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
}

/**
 * Scales the source's back, whatever became of the rest; says how to do it by hand where that fails.
 *
 * @returns those that run again: one that somebody has deleted meanwhile does not, nor does one that stands still for
 *   another cutover.
 */
export async function restore(
  { kube, namespace }: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  stoppedFor: CutoverId,
): Promise<ScaledWorkload[]> {
  const results = await Promise.allSettled(
    workloads.map((workload) => startAgain({ kube, namespace }, workload, stoppedFor)),
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
    hint: 'run these lines, which start it as it was, or the same command again',
    cause: reason,
  });
}

/** Gives the pods of these workloads the other claim in the place of the first. May be done again, and in a dry run. */
export async function repoint(
  { kube, namespace, claim }: ClaimRef,
  to: string,
  workloads: readonly ScaledWorkload[],
  { signal, ...call }: WriteOptions & { readonly signal: AbortSignal },
): Promise<void> {
  for (const workload of workloads) {
    const object = await findWorkload(kube, namespace, workload, signal);
    if (!object)
      throw new RefusedError(`${workload.kind} ${workload.name} is gone, or was made anew`, {
        details: [lookLine({ kube, namespace }, workload)],
        hint: 'the line above shows what has that name now; the same command tells first what it will stop and start',
      });
    const patch = volumesOf(object).flatMap((name, index) =>
      name === claim ? volumePatch(index, claim, to) : [],
    );
    const ref = { namespace, name: workload.name };
    if (patch.length === 0) continue;
    const written = { ...call, notAfterMs: writeWithinMs, type: 'json' } as const;
    const patched = kube.patch(resourceOf(workload), ref, patch, written);
    await unlessRefused(kube, patching(workload, namespace), patched, { signal });
    signal.throwIfAborted();
  }
}

/**
 * Takes back what {@link repoint} has done, perhaps of some only; one that somebody has deleted is left out. Other volumes
 * may name the claim as well, and keep it.
 *
 * @param from the claim that they were given
 */
export async function pointBack(
  { kube, namespace }: NamespaceRef,
  from: string,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<void> {
  for (const workload of workloads) {
    const object = await findWorkload(kube, namespace, workload, signal);
    const { claim = '', volumes = [] } = workload.before ?? {};
    const named = object?.spec.template.spec?.volumes ?? [];
    const patch = named.flatMap(({ name, persistentVolumeClaim }, index) =>
      volumes.includes(name) && persistentVolumeClaim?.claimName === from
        ? volumePatch(index, from, claim)
        : [],
    );
    if (patch.length === 0) continue;
    const { name } = workload;
    await kube.patch(resourceOf(workload), { namespace, name }, patch, { type: 'json', signal });
  }
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
