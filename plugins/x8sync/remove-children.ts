/** Deletes what a task made on one side, and waits until it is gone. */
import { messageOf } from '../../src/errors.ts';
import { isForbidden, isNotFound } from '../../src/kube/api-error.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { pods, type Resource } from '../../src/kube/resources.ts';
import { waitGone } from '../../src/kube/wait.ts';
import type { EnsureOptions } from './ensure.ts';
import { childKinds, type OwnedSide, type Role } from './sides.ts';

type Selected = Pick<OwnedSide, 'kube' | 'namespace' | 'selectorText'>;

/**
 * Controllers are deleted before their pods, so that none is made anew; then all are awaited together.
 * Deletes carry the uid: a successor of the same name is not ours to delete.
 *
 * @returns a line for each object that did not go, with the reason.
 */
export async function removeChildren(
  side: Selected,
  role: Role,
  options: EnsureOptions,
  waiting: (text: string) => void,
): Promise<string[]> {
  const kinds = childKinds[role];
  const controllers = await Promise.all(
    kinds.filter((kind) => kind !== pods).map((kind) => removeAll(side, kind, options)),
  );
  const last = await removeAll(side, pods, options);
  const going = [...controllers.flat(), ...last];
  const left = await Promise.all(going.map((object) => awaitGone(side, object, options, waiting)));
  return left.filter((line) => line !== undefined);
}

interface Going {
  readonly resource: Resource;
  readonly object: KubeObject;
}

async function removeAll(
  { kube, namespace, selectorText }: Selected,
  resource: Resource,
  { signal }: EnsureOptions,
): Promise<Going[]> {
  let items: KubeObject[];
  try {
    ({ items } = await kube.list(resource, { namespace, labelSelector: selectorText, signal }));
  } catch (error) {
    // A kind that may not be listed was not made either: see `optional`.
    if (isForbidden(error)) return [];
    throw error;
  }
  await Promise.all(
    items.map(async ({ metadata: { name, uid } }) => {
      try {
        await kube.delete(resource, { namespace, name }, { uid, propagationPolicy: 'Background', signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return items.map((object) => ({ resource, object }));
}

async function awaitGone(
  { kube }: Selected,
  { resource, object }: Going,
  options: EnsureOptions,
  waiting: (text: string) => void,
): Promise<string | undefined> {
  const { namespace, name, uid } = object.metadata;
  waiting(`waiting for ${resource.kind} ${name} to go`);
  try {
    await waitGone(kube, resource, { namespace, name }, { ...options, uid });
    return undefined;
  } catch (error) {
    options.signal.throwIfAborted();
    return `${resource.kind} ${namespace}/${name} in ${kube.cluster.context}: ${messageOf(error)}`;
  }
}
