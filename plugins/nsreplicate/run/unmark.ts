/** Takes a task's marks off what it copied, which is nobody's copy from then on. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api-error.ts';
import { discover } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { type DiscoveredResource, nameOf, type Resource } from '../../../src/kube/resources.ts';
import type { Site } from '../clusters/cluster.ts';
import { fieldManager } from '../decide/spec.ts';
import { markOf, StampKey } from '../objects/stamps.ts';

export interface UnmarkOptions {
  readonly task: string;
  /** UIDs of the primaries that the task has had: another one's task may have the same name. */
  readonly primaries: readonly string[];
  readonly signal: AbortSignal;
}

export interface Unmarked {
  readonly count: number;
  /** Kinds that could not be looked at, and why. */
  readonly unread: readonly string[];
}

/** Looks at all kinds of a replica, also those that no rule covers any more. */
export async function takeMarksOff({ kube }: Site, options: UnmarkOptions): Promise<Unmarked> {
  const { signal } = options;
  const { resources, unavailable } = await discover(kube, { signal, refresh: true });
  const unread = unavailable.map((name) => `${name}: it does not answer`);
  let count = 0;
  await someAtOnce(
    resources.filter(isMarkable).map((resource) => async () => {
      try {
        const marked = await markedOf(resource, { kube }, options);
        await someAtOnce(marked.map((object) => () => unmark(resource, object, { kube }, signal)));
        count += marked.length;
      } catch (error) {
        signal.throwIfAborted();
        unread.push(`${nameOf(resource)}: ${messageOf(error)}`);
      }
    }),
  );
  return { count, unread };
}

const isMarkable = ({ preferred, verbs }: DiscoveredResource): boolean =>
  preferred && ['list', 'patch'].every((verb) => verbs.includes(verb));

async function markedOf(
  resource: Resource,
  { kube }: Pick<Site, 'kube'>,
  { task, primaries, signal }: UnmarkOptions,
): Promise<KubeObject[]> {
  const labelSelector = `${StampKey.task}=${task}`;
  const { items } = await kube.list(resource, { labelSelector, metadataOnly: true, signal });
  return items.filter((object) => {
    const mark = markOf(object);
    // What bears the mark of another object is somebody else's, and left as it is.
    return mark !== undefined && mark.own !== false && primaries.includes(mark.stamp.origin.cluster);
  });
}

async function unmark(
  resource: Resource,
  { metadata: { namespace, name, uid } }: KubeObject,
  { kube }: Pick<Site, 'kube'>,
  signal: AbortSignal,
): Promise<void> {
  const [labels, annotations] = [{ [StampKey.task]: null }, { [StampKey.origin]: null }];
  // With its uid: an object that took its place is not touched.
  const patch = { metadata: { uid, labels, annotations } };
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  await kube.patch(resource, ref, patch, { type: 'merge', fieldManager, signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
