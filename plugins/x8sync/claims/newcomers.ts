/** Pods that came to write to a target claim while a task copied to it: at the beginning nobody had it mounted. */
import { X8sError } from '../../../src/errors.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { Label } from '../../../src/tasks/names.ts';
import { taskOfPod, workerLabel } from '../objects/sides.ts';
import type { ClaimRef } from './claim.ts';
import { podsBeside } from './same-place.ts';
import { claimNamesOf, mayWrite } from './volumes-of-pod.ts';

/**
 * Their names, by one list of the pods of each namespace.
 *
 * @param elsewhere other claims that are the same place
 *
 * @returns none also where that can't be asked: what was copied is whole as far as anybody knows.
 */
export async function newcomersOf(
  target: ClaimRef,
  task: string,
  signal: AbortSignal,
  elsewhere: readonly ClaimRef[] = [],
): Promise<readonly string[]> {
  const { kube, namespace, claim } = target;
  try {
    const { items } = await kube.list(pods, { namespace, signal });
    const further = elsewhere.filter((one) => one.namespace !== namespace);
    const all = [...items, ...(await podsBeside(further, signal))];
    const own = newcomersAmong(items, claim, task);
    const others = elsewhere.flatMap((one) => {
      const there = all.filter((pod) => pod.metadata.namespace === one.namespace || isMover(pod, task));
      return newcomersAmong(there, one.claim, task).map((pod) => `${one.namespace}/${pod}`);
    });
    return [...own, ...others];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof X8sError) return [];
    throw error;
  }
}

/** Names of the pods, of no task, that may have written to the claim between the mover's beginning and its end. Pure. */
export function newcomersAmong(all: readonly Pod[], claim: string, task: string): string[] {
  const { begunAt, endedAt } = timesOf(all.filter((pod) => isMover(pod, task)));
  const others = all.filter((pod) => taskOfPod(pod) === undefined);
  return others
    .filter((pod) => claimNamesOf(pod.spec, pod.metadata.name).includes(claim) && mayWrite(pod, claim))
    .filter((pod) => createdAt(pod) <= endedAt && hasRunBefore(pod, endedAt))
    .filter((pod) => isLive(pod) || createdAt(pod) >= begunAt)
    .map(({ metadata }) => metadata.name);
}

const isMover = (pod: Pod, task: string): boolean =>
  taskOfPod(pod) === task &&
  pod.metadata.labels?.[Label.role] === 'target' &&
  pod.metadata.labels[workerLabel] === undefined;

/** From when until when movers were there, as far as their pods tell: one that is there yet ends at no known time. */
function timesOf(movers: readonly Pod[]): { readonly begunAt: number; readonly endedAt: number } {
  const ends = movers.map(({ status }) => {
    const statuses = status?.containerStatuses ?? [];
    const times = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
    return times.find((time) => !Number.isNaN(time)) ?? Number.POSITIVE_INFINITY;
  });
  const endedAt = ends.length > 0 ? Math.max(...ends) : Number.POSITIVE_INFINITY;
  return { begunAt: Math.min(...movers.map(createdAt)), endedAt };
}

const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

const isLive = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** Whether a container of it was started in time: one that waited for its volume has written nothing. */
function hasRunBefore({ status }: Pod, endedAt: number): boolean {
  const { initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  const starts = [...initContainerStatuses, ...containerStatuses].flatMap(startsOf);
  if (starts.length > 0) return starts.some((start) => Number.isNaN(start) || start <= endedAt);
  return status?.phase !== undefined && status.phase !== 'Pending';
}

/** When a container was started, as far as its state tells; NaN where it was and nobody knows when. */
function startsOf({ state, lastState }: ContainerStatus): number[] {
  const runs = [state?.running, state?.terminated, lastState?.terminated].filter((run) => run !== undefined);
  return runs.map(({ startedAt = '' }) => Date.parse(startedAt));
}
