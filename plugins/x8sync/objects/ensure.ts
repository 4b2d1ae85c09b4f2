/**
 * Makes a task's objects, once: what an interrupted run left is taken up where it is the same, made anew
 * where it is not, and never touched where it is somebody else's.
 */
import { createHash } from 'node:crypto';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import {
  type ApiError,
  isAlreadyExists,
  isNotFound,
  unlessForbidden,
} from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { explainRefusal, refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { waitGone } from '../../../src/kube/watch/wait.ts';

/** Digest of what an object was made from; two manifests with the same digest are the same object. */
const digestAnnotation = 'x8s.dev/manifest-digest';

export interface EnsureOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Creates an object that bears its owner in `metadata.ownerReferences`, or takes up the one that an earlier
 * run of the same task made from the same manifest.
 *
 * @param identity what decides whether an existing object will do; the manifest itself where absent. Given
 *   for Secrets, whose content has no place in a digest that anyone may read.
 * @throws RefusedError where an object of that name belongs to someone else, or where a quota, a limit or a policy
 *   declined it.
 */
export async function ensure<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  options: EnsureOptions,
  identity: unknown = object,
): Promise<T> {
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const wanted = withDigest(object, digest);
  const isSame = ({ metadata }: T) =>
    metadata.deletionTimestamp === undefined && metadata.annotations?.[digestAnnotation] === digest;
  for (;;) {
    const made = await createOrFind(kube, resource, wanted, isSame, options);
    if (made === 'gone') continue;
    if ('object' in made) return made.object;
    await remove(kube, resource, made.present, options);
  }
}

/**
 * Creates an object, or finds the one of its name that is ours: to be used where `willDo` says so, to be removed
 * otherwise, or gone by now. A create can be declined although the object is there (a quota counts it twice), so it is
 * looked for then, too.
 *
 * @throws RefusedError where it belongs to someone else, or where a quota, a limit or a policy declined it.
 */
export async function createOrFind<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  wanted: T,
  willDo: (present: T) => boolean,
  { signal }: EnsureOptions,
): Promise<{ object: T; created: boolean } | { present: T } | 'gone'> {
  const { namespace } = wanted.metadata;
  const need = { verb: 'create', resource, namespace };
  let declined: ApiError | undefined;
  try {
    signal.throwIfAborted();
    // Not to be aborted: a create that is cut off may have happened, after the clean-up has looked.
    return { object: await kube.create(resource, wanted), created: true };
  } catch (error) {
    declined = refusalIn(error);
    if (!declined && !isAlreadyExists(error)) throw error;
  }
  const found = kube.find(resource, wanted.metadata, { signal });
  // Who may not make it may not look for it either, and the first answer tells more.
  const present = await (declined ? unlessForbidden(found) : found);
  if (declined && !present) throw await explainRefusal(kube, need, declined, { signal });
  if (!present) return 'gone';
  checkOurs(kube, resource, present, wanted);
  if (willDo(present)) return { object: present, created: false };
  // Removed, it could not be made anew.
  if (declined) throw await explainRefusal(kube, need, declined, { signal });
  return { present };
}

function withDigest<T extends KubeObject>(object: T, digest: string): T {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [digestAnnotation]: digest } },
  };
}

/**
 * A 409 means: whose is it? Ours has the same task's ConfigMap as its owner.
 *
 * @throws RefusedError where it is not ours.
 */
export function checkOurs(
  kube: KubeClient,
  resource: Resource,
  present: KubeObject,
  wanted: Pick<KubeObject, 'metadata'>,
): void {
  const owners = new Set(wanted.metadata.ownerReferences?.map(({ uid }) => uid));
  if (present.metadata.ownerReferences?.some(({ uid }) => owners.has(uid))) return;
  // An owner of an earlier life of the same task: the garbage collector is on its way.
  if (present.metadata.deletionTimestamp || sameTask(present, wanted)) return;
  const { namespace, name } = present.metadata;
  throw new RefusedError(
    `${resource.kind} ${namespace}/${name} in ${kube.cluster.context} is in the way: this task did not make it`,
    {
      hint: 'choose another task name with --name, or remove it if it is not needed',
    },
  );
}

function sameTask({ metadata: a }: KubeObject, { metadata: b }: Pick<KubeObject, 'metadata'>): boolean {
  const key = 'x8s.dev/task';
  const maker = 'app.kubernetes.io/managed-by';
  return (
    a.labels?.[key] !== undefined &&
    a.labels[key] === b.labels?.[key] &&
    a.labels[maker] === b.labels?.[maker]
  );
}

/** Deletes one object, this very one, with all that it controls, and waits until it is gone. */
export async function remove(
  kube: KubeClient,
  resource: Resource,
  { metadata }: KubeObject,
  options: EnsureOptions,
): Promise<void> {
  const { namespace, name, uid } = metadata;
  try {
    await kube.delete(
      resource,
      { namespace, name },
      { uid, propagationPolicy: 'Foreground', signal: options.signal },
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await waitGone(kube, resource, { namespace, name }, { ...options, uid });
}

/**
 * Awaits what is not needed everywhere: a NetworkPolicy is needed only where others deny traffic by default, many users
 * may not make one, and a policy or a quota may be against it. Resolves with why it could not be made, for a failure
 * that it could have spared; with nothing where it was made.
 */
export async function optionally(attempt: Promise<unknown>): Promise<string[]> {
  try {
    await attempt;
    return [];
  } catch (error) {
    if (refusalIn(error)) return [messageOf(error)];
    throw error;
  }
}
