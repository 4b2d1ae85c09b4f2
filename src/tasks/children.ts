/**
 * The objects that a task made beside its record. Deleting the record deletes them as well, by the garbage
 * collector; deleting them by hand is quicker, leaves the record, and tells when they are gone.
 */
import type { Clock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import { isConflict, isForbidden, isNotFound } from '../kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/api/client.ts';
import type { KubeObject } from '../kube/api/objects.ts';
import type { Resource } from '../kube/api/resources.ts';
import { type WaitOptions, waitGone } from '../kube/watch/wait.ts';
import { selectorOf, taskLabels } from './names.ts';
import type { TaskRecord } from './record.ts';

export interface RemoveChildrenOptions {
  /** The kinds that the task makes. */
  readonly kinds: readonly Resource[];
  /** How long they may take to go, in milliseconds; 0 means as long as it takes. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told what is awaited, whenever that changes: `Job web, Pod web-0`. */
  readonly waiting?: (text: string) => void;
}

interface Child {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/**
 * Deletes what bears the task's labels and is owned by its record, directly or through another child, and
 * waits until it is gone. Each delete names the uid, so that a successor of the same name stays.
 *
 * Resolves with a line for each object that is still there at the limit. Kinds that may not be listed, or that the
 * cluster does not know any more, are taken as not made.
 */
export async function removeChildren(
  kube: KubeClient,
  record: TaskRecord,
  { kinds, limitMs, clock, signal, waiting }: RemoveChildrenOptions,
): Promise<string[]> {
  const until = limitMs === 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + limitMs;
  const ours = new Set([record.uid]);
  for (;;) {
    // Once more after each round: a controller may have made a pod while it was being deleted.
    const listed = await Promise.all(kinds.map((kind) => childrenOf(kube, record, kind, { signal })));
    const children = listed.flat();
    if (children.length === 0) return [];
    waiting?.(children.map(({ resource, object }) => `${resource.kind} ${object.metadata.name}`).join(', '));
    await removeInWaves(kube, children, ours, { signal });
    const timeoutMs = limitMs === 0 ? 0 : Math.max(1, until - clock.monotonic());
    const left = await Promise.all(
      children.map((child) => awaitGone(kube, child, { timeoutMs, clock, signal })),
    );
    if (clock.monotonic() >= until) return left.filter((line) => line !== undefined);
  }
}

async function childrenOf(
  kube: KubeClient,
  record: TaskRecord,
  resource: Resource,
  call: CallOptions,
): Promise<Child[]> {
  const { namespace, tool, task, role } = record;
  const labelSelector = selectorOf(taskLabels(tool, task, role));
  try {
    const { items } = await kube.list(resource, { ...call, namespace, labelSelector, metadataOnly: true });
    return items.filter((object) => isChild(object, record)).map((object) => ({ resource, object }));
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return [];
    throw error;
  }
}

/** What has no owner was not made by a task, and what another record of this name owns is its own. */
function isChild({ metadata: { ownerReferences = [] } }: KubeObject, record: TaskRecord): boolean {
  const another = ownerReferences.some(
    ({ kind, name, uid }) => kind === 'ConfigMap' && name === record.name && uid !== record.uid,
  );
  return ownerReferences.length > 0 && !another;
}

/**
 * Deletes what belongs to one of `ours`, all at once, then what belongs to those, and so on: a pod goes after its
 * Job, which would make another one in its place. All of them are `ours` then.
 */
async function removeInWaves(
  kube: KubeClient,
  children: readonly Child[],
  ours: Set<string>,
  call: CallOptions,
): Promise<void> {
  for (let rest = children; rest.length > 0; ) {
    const { wave = [], others = [] } = Object.groupBy(rest, ({ object: { metadata } }) =>
      metadata.ownerReferences?.some(({ uid }) => ours.has(uid)) ? 'wave' : 'others',
    );
    if (wave.length === 0) return;
    await Promise.all(wave.map((child) => remove(kube, child, call)));
    for (const { object } of wave) ours.add(object.metadata.uid ?? '');
    rest = others;
  }
}

async function remove(kube: KubeClient, { resource, object: { metadata } }: Child, call: CallOptions) {
  const { namespace, name, uid = '', deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return;
  try {
    await kube.delete(resource, { namespace, name }, { ...call, uid, propagationPolicy: 'Background' });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** Resolves with a line where the object did not go within the limit. */
async function awaitGone(
  kube: KubeClient,
  { resource, object: { metadata } }: Child,
  options: Pick<WaitOptions, 'timeoutMs' | 'clock' | 'signal'>,
): Promise<string | undefined> {
  const { namespace, name, uid } = metadata;
  try {
    await waitGone(kube, resource, { namespace, name }, { ...options, uid });
    return undefined;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return [error.message, ...error.details].join('; ');
  }
}
