/** Whether what was stopped stands still, told by the generations of the workloads. */
import { RefusedError } from '../../../src/errors.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import type { Workload } from '../records/claim-workloads.ts';
import { type CutoverState, notedAtTarget, type ScaledWorkload } from '../records/cutover-state.ts';
import { markOf, mayHaveRun } from '../records/stop-mark.ts';
import type { CopyContext } from '../run/request/request.ts';
import { findWorkload, lookLine } from './workloads.ts';

/** The generations of these, by which changes of them are known later; 0 for one that is gone. */
export async function generationsOf(
  { kube, namespace }: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<number[]> {
  const found = workloads.map((workload) => findWorkload(kube, namespace, workload, signal));
  return (await Promise.all(found)).map((object) => object?.metadata.generation ?? 0);
}

/** Those of the target's that a state has noted, for these of its workloads; 0 for one that it does not know. */
export function generationsFor(
  workloads: readonly ScaledWorkload[],
  state: Pick<CutoverState, 'target' | 'targetGenerations'>,
): number[] {
  const noted = notedAtTarget(state);
  return workloads.map(({ uid }) => noted.get(uid) ?? 0);
}

/**
 * The one of these that somebody has changed since it was stopped, perhaps started for a moment: what it wrote is in no
 * copy then.
 *
 * @param generations of these right after they were stopped.
 */
export async function changedSince(
  { kube, namespace }: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  generations: readonly number[],
  signal: AbortSignal,
): Promise<ScaledWorkload | undefined> {
  for (const [index, workload] of workloads.entries()) {
    const now = await findWorkload(kube, namespace, workload, signal);
    if (!now || !standsStill({ ...workload, object: now }, generations[index])) return workload;
  }
  return undefined;
}

/** A run that was ended right before its record said that all is over has noted on the mark that it is. */
function standsStill(
  { kind, object }: Pick<Workload, 'kind' | 'object'>,
  stopped: number | undefined,
): boolean {
  if (object.metadata.generation === stopped) return object.spec.replicas === 0;
  const mark = markOf(object);
  return mark?.moved === true && mark.generation === stopped && !mayHaveRun({ kind, object }, mark);
}

const lookMs = 1000;

/** Never resolves. @throws RefusedError once somebody else has changed one of these: its pods may never go. */
export async function untilChanged(
  place: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  generations: readonly number[],
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<never> {
  for (;;) {
    await clock.sleep(lookMs, signal);
    // What does not answer is the matter of those that wait.
    const changed = await changedSince(place, workloads, generations, signal).catch(() => undefined);
    if (changed) throw changedBesides(place, changed);
  }
}

/** The error where a workload does not stand still. */
export const changedBesides = (place: NamespaceRef, workload: ScaledWorkload): RefusedError =>
  new RefusedError(
    `${workload.kind} ${workload.name} was changed by somebody else while it was to stand still`,
    {
      details: [`${lookLine(place, workload)} -o yaml --show-managed-fields`],
      hint: 'the line above shows who has written to it: find out who scales it (an autoscaler, a GitOps controller, a person), pause that first, and run the same command again',
    },
  );
