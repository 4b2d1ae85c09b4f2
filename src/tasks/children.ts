/**
 * The objects that a task made beside its record. Deleting the record deletes them as well, by the garbage
 * collector; deleting them by hand is quicker, leaves the record, and tells when they are gone.
 */
import type { Clock } from '../clock.ts';
import { isConflict, isForbidden } from '../kube/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Resource } from '../kube/resources.ts';
import { selectorOf, taskLabels } from './names.ts';
import type { TaskRecord } from './record.ts';

const POLL_MS = 200;

export interface RemoveChildrenOptions extends CallOptions {
  /** The kinds that the task makes, owners before what they own: Jobs before pods. */
  readonly kinds: readonly Resource[];
  /** How long they may take to go, in milliseconds. */
  readonly limitMs: number;
  readonly clock: Clock;
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
 * Resolves with a line for each object that is still there at the limit. Kinds that may not be listed are
 * taken as not made.
 */
export async function removeChildren(
  kube: KubeClient,
  record: TaskRecord,
  { kinds, limitMs, clock, waiting, ...call }: RemoveChildrenOptions,
): Promise<string[]> {
  const until = clock.monotonic() + limitMs;
  const ours = new Set([record.uid]);
  for (let shown = ''; ; ) {
    const children = (await Promise.all(kinds.map((kind) => childrenOf(kube, record, kind, call)))).flat();
    if (children.length === 0) return [];
    if (clock.monotonic() >= until) return children.map(describe);
    const text = children.map(nameOf).join(', ');
    if (text !== shown) waiting?.(text);
    shown = text;
    for (const child of children) await remove(kube, child, ours, call);
    await clock.sleep(POLL_MS, call.signal);
  }
}

const nameOf = ({ resource, object }: Child) => `${resource.kind} ${object.metadata.name}`;

function describe(child: Child): string {
  const { namespace, finalizers, deletionTimestamp } = child.object.metadata;
  const state = deletionTimestamp ? `is being deleted since ${deletionTimestamp}` : 'is still there';
  const held = finalizers?.length ? ` (finalizers: ${finalizers.join(', ')})` : '';
  return `${nameOf(child)} in namespace ${namespace} ${state}${held}`;
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
    if (isForbidden(error)) return [];
    throw error;
  }
}

/** What has no owner was not made by a task, and what another record of this name owns is its own. */
function isChild({ metadata: { ownerReferences = [] } }: KubeObject, record: TaskRecord): boolean {
  const another = ownerReferences.some(({ name, uid }) => name === record.name && uid !== record.uid);
  return ownerReferences.length > 0 && !another;
}

/** Deletes a child whose owner is one of ours, and then it is one of ours as well. */
async function remove(
  kube: KubeClient,
  { resource, object: { metadata } }: Child,
  ours: Set<string>,
  call: CallOptions,
): Promise<void> {
  const { namespace, name, uid = '', deletionTimestamp, ownerReferences = [] } = metadata;
  if (ours.has(uid) || !ownerReferences.some((owner) => ours.has(owner.uid))) return;
  ours.add(uid);
  if (deletionTimestamp !== undefined) return;
  try {
    await kube.delete(resource, { namespace, name }, { ...call, uid, propagationPolicy: 'Background' });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
