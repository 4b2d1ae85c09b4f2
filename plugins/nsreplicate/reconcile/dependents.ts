/** Looks, before a deletion, at what would go along with it on a replica. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { X8sError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import {
  apiVersionOf,
  type DiscoveredResource,
  persistentVolumeClaims,
  type Resource,
} from '../../../src/kube/api/resources.ts';
import { discover } from '../../../src/kube/cluster/discovery.ts';
import { ownershipFactsOf } from '../cache/replica-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type Dependent, type Dependents, noDependents, sortDependents } from '../decide/dependents.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { at, groupKind, items } from '../objects/draft.ts';
import { type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import { isNamespaceDefault } from '../objects/namespace-defaults.ts';
import { definitions } from '../objects/order.ts';

/** Whether an object of a replica is a copy of a task, by all that is known of it. */
export function ownedBy({
  places,
  spec,
  primary,
}: {
  readonly places: Places;
  readonly spec: Pick<TaskSpec, 'name'>;
  readonly primary: Pick<Cluster, 'id'>;
}): Surroundings['isOurs'] {
  return (kind, object) => {
    const key = places.ofCopy(kind, object);
    const found = key === undefined ? undefined : ownershipFactsOf(key, object);
    const origin = found?.isWritten ? found.provenance?.origin : undefined;
    return origin?.task === spec.name && origin.cluster === primary.id;
  };
}

export interface Surroundings {
  readonly kube: KubeClient;
  /** Whether an object of a kind (as `groupKind` writes it) is a copy of the task. */
  readonly isOurs: (kind: string, object: KubeObject) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What goes along with an object. What its own controllers made of it, as pods of a Deployment, is part of it and not
 * listed: it is made anew with it. Of the kinds whose deletion deletes what others made there are two, and of owners
 * only claims are looked for, since they stand for data.
 * @throws {X8sError} it can't be seen
 */
export async function dependentsOf(object: KubeObject, around: Surroundings): Promise<Dependents> {
  const kind = groupKind(object);
  if (kind === definitions) return sortDependents(await objectsOfKind(object, around));
  if (kind === 'Namespace') return sortDependents(await contentOf(object.metadata.name, around));
  if (!mayOwnClaims(kind, object)) return noDependents;
  const claims = (await ownedClaims(object, around)).map(({ metadata }) =>
    nameOf('PersistentVolumeClaim', metadata),
  );
  return { ...noDependents, taken: claims, claims };
}

/** Whether a copy goes with another one: by its place on the primary, as keys have it. */
export function goesWith(key: ObjectKey, { spec }: KubeObject): (other: ObjectKey) => boolean {
  const { kind, name } = placeOf(key);
  if (kind === 'Namespace') return (other) => placeOf(other).namespace === name;
  if (kind !== definitions) return () => false;
  const defined = `${at(spec, 'names', 'kind')}.${at(spec, 'group')}`;
  return (other) => placeOf(other).kind === defined;
}

/** All objects of the kind that a definition defines. */
async function objectsOfKind({ spec }: KubeObject, around: Surroundings): Promise<Dependent[]> {
  const served = items(spec, 'versions').find(({ served }) => served === true);
  if (!served) return [];
  const resource: Resource = {
    group: String(at(spec, 'group')),
    version: String(served.name),
    plural: String(at(spec, 'names', 'plural')),
    kind: String(at(spec, 'names', 'kind')),
    namespaced: at(spec, 'scope') === 'Namespaced',
  };
  return listed(resource, undefined, around);
}

/** All that is in a namespace and would not be there without somebody's having made it. */
async function contentOf(namespace: string, around: Surroundings): Promise<Dependent[]> {
  const { kube, signal } = around;
  const { resources, unavailable } = await discover(kube, { signal, refresh: true });
  if (unavailable.length > 0)
    throw new X8sError(
      `${unavailable.join(', ')} on ${kube.cluster.context} does not answer, so it is not known what is in namespace ${namespace}`,
    );
  const lists = await someAtOnce(
    resources.filter(isKept).map((resource) => () => listed(resource, namespace, around)),
  );
  // Some kinds are served by two groups.
  return [...new Map(lists.flat().map((one) => [one.uid, one])).values()];
}

/** What can't be deleted is not stored: figures about pods are served like objects. */
const isKept = ({ namespaced, preferred, verbs }: DiscoveredResource): boolean =>
  namespaced && preferred && verbs.includes('list') && verbs.includes('delete');

async function listed(
  resource: Resource,
  namespace: string | undefined,
  { kube, isOurs, signal }: Surroundings,
): Promise<Dependent[]> {
  const kind = groupKind({ apiVersion: apiVersionOf(resource), kind: resource.kind });
  try {
    const { items: found } = await kube.list(resource, { namespace, metadataOnly: true, signal });
    return found.map((object) => ({
      kind,
      name: nameOf(kind, object.metadata),
      uid: object.metadata.uid ?? '',
      owners: ownersOf(object),
      isOurs: isOurs(kind, object) || isMadeByStatefulSet(object),
      isDefault: isNamespaceDefault(object),
      deleting: object.metadata.deletionTimestamp !== undefined,
    }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

const nameOf = (kind: string, { namespace, name }: KubeObject['metadata']): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

function ownersOf({ metadata: { ownerReferences = [], annotations = {} } }: KubeObject): string[] {
  const account = annotations['kubernetes.io/service-account.uid'];
  return [...ownerReferences.map(({ uid }) => uid), ...(account === undefined ? [] : [account])];
}

/** Claims that a StatefulSet's controller makes bear no owner, but nobody else makes claims under that name. */
const isMadeByStatefulSet = (object: KubeObject): boolean =>
  object.kind === 'PersistentVolumeClaim' &&
  (object.metadata.managedFields ?? []).some(
    (entry) =>
      at(entry, 'manager') === 'kube-controller-manager' && at(entry, 'fieldsV1', 'f:spec') !== undefined,
  );

/** Among Kubernetes' own kinds only StatefulSets own claims, where they are told to; custom resources may as well. */
function mayOwnClaims(kind: string, { spec }: KubeObject): boolean {
  if (kind === 'StatefulSet.apps')
    return at(spec, 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete';
  const group = kind.slice(kind.indexOf('.') + 1);
  return kind.includes('.') && group.includes('.') && !group.endsWith('.k8s.io');
}

const DEEPEST = 5;

/** Claims whose owners lead to an object. */
async function ownedClaims({ metadata }: KubeObject, { kube, signal }: Surroundings): Promise<KubeObject[]> {
  const { items: claims } = await kube.list(persistentVolumeClaims, {
    namespace: metadata.namespace,
    metadataOnly: true,
    signal,
  });
  const known = new Map<string, Promise<boolean>>();
  const leadsThere = async (object: KubeObject, depth: number): Promise<boolean> => {
    for (const owner of object.metadata.ownerReferences ?? []) {
      if (owner.uid === metadata.uid) return true;
      if (owner.kind === 'Pod' || depth === DEEPEST) continue;
      const asked = known.get(owner.uid) ?? above(owner, object.metadata.namespace, depth);
      known.set(owner.uid, asked);
      if (await asked) return true;
    }
    return false;
  };
  const above = async (
    { apiVersion, kind, name, uid }: { apiVersion: string; kind: string; name: string; uid: string },
    namespace: string | undefined,
    depth: number,
  ): Promise<boolean> => {
    const { resources } = await discover(kube, { signal });
    const resource = resources.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind);
    if (!resource) return false;
    const found = await kube.find(
      resource,
      { name, ...(resource.namespaced ? { namespace } : {}) },
      { signal },
    );
    return found?.metadata.uid === uid && leadsThere(found, depth + 1);
  };
  const leads = await Promise.all(claims.map((claim) => leadsThere(claim, 0)));
  return claims.filter((_, index) => leads[index]);
}
