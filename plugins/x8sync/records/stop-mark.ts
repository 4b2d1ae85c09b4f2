/**
 * The mark that a cutover leaves on a workload in the very write that stops it: who else would stop it, or copy what it
 * wrote, sees that it stands still for something; and how many pods it is to have is known beside it, also where the
 * target, and the cutover's record with it, is gone. It counts only as long as the workload has no pods.
 */
import { isJson } from '../../../src/json.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import { isBefore, type ScaledWorkload, type WorkloadKind, workloadResources } from './cutover-state.ts';

/** Which cutover it is. */
export interface CutoverId {
  readonly task: string;
  readonly targetUid: string;
}

export interface StopMark extends CutoverId, Pick<ScaledWorkload, 'replicas' | 'before'> {
  /** `NAMESPACE/CLAIM`. */
  readonly target: string;
  /** Tells its cluster from others; absent in marks of older versions. */
  readonly targetCluster?: string;
  /** The cutover has come to its end: what ran here runs there, or is to. */
  readonly moved?: boolean;
  /** The workload's generation right before that was noted. */
  readonly generation?: number;
  /** The claims of it that were cut over since it has no pods; absent in marks of older versions. */
  readonly claims?: readonly MovedClaim[];
}

/** A claim of a workload, and where a cutover has moved it. */
export interface MovedClaim extends Pick<CutoverId, 'targetUid'> {
  readonly claim: string;
  /** `NAMESPACE/CLAIM`. */
  readonly target: string;
}

/** What all that one cutover stops is marked with. */
export type StoppedFor = Omit<StopMark, 'replicas' | 'before' | 'moved' | 'generation' | 'claims'>;

export const isOf = (mark: CutoverId, { task, targetUid }: CutoverId): boolean =>
  mark.task === task && mark.targetUid === targetUid;

/** The mark of a workload that has no pods for it; undefined where nobody has stopped it so, or it was started since. */
export function markOf(object: KubeObject): StopMark | undefined {
  const text = markText(object);
  const value = text === undefined ? undefined : parsed(text);
  return isMark(value) ? value : undefined;
}

/** The mark that a workload bears, whether it counts still or somebody has started the workload since. */
export function lastMarkOf({ metadata: { annotations } }: KubeObject): StopMark | undefined {
  const value = parsed(annotations?.[stopMarkKey] ?? '');
  return isMark(value) ? value : undefined;
}

/** To be started and stopped again takes two changes; of a Deployment the server counts a change of its marks as well. */
const leastChanges = { Deployment: 3, StatefulSet: 2 } as const;

/** Whether a workload may have had pods since a cutover of it has come to its end. */
export function mayHaveRun(
  { kind, object }: { readonly kind: WorkloadKind; readonly object: KubeObject },
  mark: StopMark | undefined,
): boolean {
  if (mark?.generation === undefined || markOf(object) === undefined) return true;
  return (object.metadata.generation ?? 0) - mark.generation >= leastChanges[kind];
}

/** Whether a workload has no pods and a mark that somebody has changed so that it tells nothing. */
export const isMarkUnreadable = (object: KubeObject): boolean =>
  markText(object) !== undefined && markOf(object) === undefined;

function markText({ metadata, spec }: KubeObject): string | undefined {
  const { replicas } = (spec ?? {}) as { readonly replicas?: number };
  return replicas === 0 ? metadata.annotations?.[stopMarkKey] : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Somebody has written something else there.
    return undefined;
  }
}

const isMark = (value: unknown): value is StopMark =>
  isJson(value) &&
  [value.task, value.target, value.targetUid].every((one) => typeof one === 'string') &&
  (value.targetCluster === undefined || typeof value.targetCluster === 'string') &&
  Number.isSafeInteger(value.replicas) &&
  (value.generation === undefined || Number.isSafeInteger(value.generation)) &&
  (value.claims === undefined || (Array.isArray(value.claims) && value.claims.every(isMovedClaim))) &&
  (value.before === undefined || isBefore(value.before));

const isMovedClaim = (value: unknown): value is MovedClaim =>
  isJson(value) && [value.claim, value.target, value.targetUid].every((one) => typeof one === 'string');

/** Whether a cutover has moved a claim of what bears the mark to this one. */
export const movedTo = ({ targetUid, claims = [] }: StopMark, uid: string): boolean =>
  targetUid === uid || claims.some((one) => one.targetUid === uid);

/** A workload that stands still for a cutover. */
export interface MarkedWorkload {
  readonly workload: ScaledWorkload;
  readonly mark: StopMark;
}

/** The mark of one, with what that says of it. */
export function markedIn(kind: WorkloadKind, object: KubeObject): MarkedWorkload | undefined {
  const mark = markOf(object);
  if (!mark) return undefined;
  const { name, uid = '' } = object.metadata;
  const { replicas, before } = mark;
  return { mark, workload: { kind, name, uid, replicas, ...(before && { before }) } };
}

/** How a person takes the mark away of a workload that is to stay without pods. */
export const forgetLine = (
  { kind, name }: Pick<ScaledWorkload, 'kind' | 'name'>,
  context: string,
  namespace: string,
): string =>
  `kubectl --context ${context} -n ${namespace} annotate ${kind.toLowerCase()}/${name} ${stopMarkKey}-`;

/** All of a namespace that stand still for such a cutover. @throws ForbiddenError where they may not be listed. */
export const stoppedBy = (
  kube: KubeClient,
  namespace: string,
  is: (mark: StopMark) => boolean,
  signal: AbortSignal,
): Promise<MarkedWorkload[]> => marked(kube, namespace, (mark) => mark.moved !== true && is(mark), signal);

/** All of a namespace that have such a mark and no pods. @throws ForbiddenError where they may not be listed. */
export async function marked(
  kube: KubeClient,
  namespace: string,
  is: (mark: StopMark) => boolean,
  signal: AbortSignal,
): Promise<MarkedWorkload[]> {
  const kinds = Object.keys(workloadResources) as WorkloadKind[];
  const found = kinds.map(async (kind) => {
    const { items } = await kube.list(workloadResources[kind], { namespace, signal });
    return items.flatMap((object) => {
      const one = markedIn(kind, object);
      return one && is(one.mark) ? [one] : [];
    });
  });
  return (await Promise.all(found)).flat();
}

/**
 * Takes the mark of a cutover in its middle off what somebody has started by hand since: stopped for something else later, it
 * would seem to stand still for that. What was moved keeps it, for it tells which claims are old. It is no failure where it
 * stays, since nothing counts it as long as there are pods.
 */
export async function unmarkStarted(
  kube: KubeClient,
  namespace: string,
  is: (mark: StopMark, object: KubeObject) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const kinds = Object.keys(workloadResources) as WorkloadKind[];
  const unmark = async (kind: WorkloadKind): Promise<void> => {
    const { items } = await kube.list(workloadResources[kind], { namespace, signal });
    for (const object of items) {
      const mark = lastMarkOf(object);
      if (!mark || mark.moved || markOf(object) || !is(mark, object)) continue;
      const { name, uid, resourceVersion } = object.metadata;
      // As it was read: whoever has stopped it since has put another mark there.
      const patch = { metadata: { uid, resourceVersion, annotations: { [stopMarkKey]: null } } };
      await kube.patch(workloadResources[kind], { namespace, name }, patch, { type: 'merge', signal });
    }
  };
  await Promise.all(kinds.map((kind) => unmark(kind).catch(() => signal.throwIfAborted())));
}
