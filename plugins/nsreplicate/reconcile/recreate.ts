/** Deletes a copy and makes it anew, where a field of it can't be changed. */
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { waitGone } from '../../../src/kube/watch/wait.ts';
import { WorkFailure } from '../clusters/failure.ts';
import { type Dependents, noDependents, sumUp } from '../decide/dependents.ts';
import type { OnImmutable } from '../decide/spec.ts';
import { at, groupKind } from '../objects/draft.ts';
import { definitions } from '../objects/order.ts';
import { dependentsOf } from './dependents.ts';

/**
 * Deletes what was looked at, and resolves when it is gone.
 * @throws {WorkFailure} it stands for data, or others would go with it
 */
export async function removeForAnew(
  kube: KubeClient,
  resource: Resource,
  present: KubeObject,
  mode: OnImmutable,
  call: CallOptions,
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = present.metadata;
  if (wasBound(present)) throw never(present, 'was bound, so it is never made anew: it stands for data');
  const { taken, strangers } = await whatGoesAlong(kube, present, mode, call);
  if (taken.length + strangers.length > 0)
    throw never(present, `is never made anew while ${sumUp([...strangers, ...taken])} would go with it`);
  const propagationPolicy = mode === 'recreate-orphan' ? 'Orphan' : 'Background';
  // A claim may be bound at any moment, so only what was looked at may go.
  await kube.delete(resource, { namespace, name }, { ...call, uid, resourceVersion, propagationPolicy });
  const what = `${present.kind} ${name}`;
  await waitGone(kube, resource, { namespace, name }, { uid, timeoutMs: 60_000, signal: call.signal, what });
}

/** What would go with an object that is deleted to be made anew; owned objects are left behind where that is asked for. */
export function whatGoesAlong(
  kube: KubeClient,
  object: KubeObject,
  mode: OnImmutable,
  { signal }: CallOptions,
): Promise<Dependents> {
  const isContainer = [definitions, 'Namespace'].includes(groupKind(object));
  if (mode === 'recreate-orphan' && !isContainer) return Promise.resolve(noDependents);
  return dependentsOf(object, { kube, isOurs: () => false, signal });
}

/** A claim that was ever bound stands for a person's data. */
export function wasBound({ kind, spec, metadata, status }: KubeObject): boolean {
  if (kind !== 'PersistentVolumeClaim') return false;
  return (
    at(spec, 'volumeName') !== undefined ||
    at(status, 'phase') !== 'Pending' ||
    metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
  );
}

const never = ({ kind, metadata }: KubeObject, why: string): WorkFailure =>
  new WorkFailure({ class: 'decision', reason: 'immutable', message: `${kind} ${metadata.name} ${why}` });
