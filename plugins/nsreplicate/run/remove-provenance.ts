/** Removes a task's provenance from its copies, so that they are nobody's copies any more. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { type DiscoveredResource, nameOf, type Resource } from '../../../src/kube/api/resources.ts';
import { discover } from '../../../src/kube/cluster/discovery.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { fieldManager } from '../decide/spec.ts';
import { borneProvenanceOf, ProvenanceKey } from '../objects/provenance.ts';

export interface RemoveProvenanceOptions {
  readonly task: string;
  /** UIDs of the primaries that the task has had: another one's task may have the same name. */
  readonly primaries: readonly string[];
  readonly signal: AbortSignal;
}

export interface ProvenanceRemoval {
  readonly count: number;
  /** Kinds that could not be looked at, and why. */
  readonly unread: readonly string[];
}

/** Looks at all kinds of a replica, also those that no rule covers any more. */
export async function removeProvenance(
  { kube }: Cluster,
  options: RemoveProvenanceOptions,
): Promise<ProvenanceRemoval> {
  const { signal } = options;
  const { resources, unavailable } = await discover(kube, { signal, refresh: true });
  const unread = unavailable.map((name) => `${name}: it does not answer`);
  let count = 0;
  await someAtOnce(
    resources.filter(mayBearProvenance).map((resource) => async () => {
      try {
        const marked = await bearersOf(resource, { kube }, options);
        await someAtOnce(marked.map((object) => () => removeFrom(resource, object, { kube }, signal)));
        count += marked.length;
      } catch (error) {
        signal.throwIfAborted();
        unread.push(`${nameOf(resource)}: ${messageOf(error)}`);
      }
    }),
  );
  return { count, unread };
}

const mayBearProvenance = ({ preferred, verbs }: DiscoveredResource): boolean =>
  preferred && ['list', 'patch'].every((verb) => verbs.includes(verb));

async function bearersOf(
  resource: Resource,
  { kube }: Pick<Cluster, 'kube'>,
  { task, primaries, signal }: RemoveProvenanceOptions,
): Promise<KubeObject[]> {
  const labelSelector = `${ProvenanceKey.task}=${task}`;
  const { items } = await kube.list(resource, { labelSelector, metadataOnly: true, signal });
  return items.filter((object) => {
    const mark = borneProvenanceOf(object);
    // An object that bears another object's provenance belongs to somebody else, and is left as it is.
    return mark !== undefined && mark.own !== false && primaries.includes(mark.provenance.origin.cluster);
  });
}

async function removeFrom(
  resource: Resource,
  { metadata: { namespace, name, uid } }: KubeObject,
  { kube }: Pick<Cluster, 'kube'>,
  signal: AbortSignal,
): Promise<void> {
  const [labels, annotations] = [{ [ProvenanceKey.task]: null }, { [ProvenanceKey.origin]: null }];
  // With its uid: an object that took its place is not touched.
  const patch = { metadata: { uid, labels, annotations } };
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  await kube.patch(resource, ref, patch, { type: 'merge', fieldManager, signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
