/**
 * What becomes of the copies when their KRMSyncer is deleted: they stay, unless an annotation says that they go along. Then
 * a finalizer keeps the resource until they are gone, so that a controller that is not there at that moment forgets none.
 */
import { isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { untilNotOvertaken } from '../../../../src/kube/api/overtaken.ts';
import { Refusal } from './refusal.ts';
import { krmSyncers, type SyncerObject } from './resource.ts';

/** `keep`, as without it, or `delete`. */
export const deletionPolicyAnnotation = 'x8s.dev/deletion-policy';
export const copiesFinalizer = 'x8s.dev/copies';

/** Others may change the resource at the same moment. */
const ATTEMPTS = 5;

export type DeletionPolicy = 'keep' | 'delete';

/** @throws {Refusal} the annotation says something else */
export function deletionPolicyOf({ metadata: { annotations = {} } }: SyncerObject): DeletionPolicy {
  const said = annotations[deletionPolicyAnnotation] ?? 'keep';
  if (said === 'keep' || said === 'delete') return said;
  throw new Refusal('InvalidSpec', `annotation ${deletionPolicyAnnotation} must be "keep" or "delete"`);
}

/** What has to be done about it now: take or give back the finalizer, or delete the copies before it is given back. */
export type DeletionStep = 'none' | 'hold' | 'release' | 'delete-copies';

/** @throws {Refusal} as `deletionPolicyOf` */
export function deletionStepOf(object: SyncerObject): DeletionStep {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const isHeld = finalizers.includes(copiesFinalizer);
  const isGoing = deletionTimestamp !== undefined;
  if (deletionPolicyOf(object) === 'keep') return isHeld ? 'release' : 'none';
  if (isHeld) return isGoing ? 'delete-copies' : 'none';
  // Who is being deleted takes no finalizer any more.
  return isGoing ? 'none' : 'hold';
}

/** Puts the finalizer on a resource, or takes it off; one that is gone needs neither. */
export async function setFinalizer(
  kube: KubeClient,
  { metadata: { namespace, name, uid } }: SyncerObject,
  held: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const attempt = async (): Promise<void> => {
    const present = await kube.find(krmSyncers, { namespace, name }, { signal });
    const { finalizers = [], resourceVersion } = present?.metadata ?? {};
    if (present?.metadata.uid !== uid || finalizers.includes(copiesFinalizer) === held) return;
    const others = finalizers.filter((one) => one !== copiesFinalizer);
    const wanted = held ? [...others, copiesFinalizer] : others;
    const patch = { metadata: { uid, resourceVersion, finalizers: wanted } };
    await kube.patch(krmSyncers, { namespace, name }, patch, { type: 'merge', signal });
  };
  await untilNotOvertaken(attempt, { most: ATTEMPTS }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
