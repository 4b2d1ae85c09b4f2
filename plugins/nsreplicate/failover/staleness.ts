/** How old what a replica has is, by kind: when the last change of each kind arrived. */

import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { X8sError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { apiVersionOf, type DiscoveredResource, type Resource } from '../../../src/kube/api/resources.ts';
import { discover } from '../../../src/kube/cluster/discovery.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { fieldManager } from '../decide/spec.ts';
import { groupKind } from '../objects/draft.ts';
import { isCopyOf, ProvenanceKey } from '../objects/provenance.ts';
import { isEphemeralKind } from '../objects/skip.ts';

export interface KindStaleness {
  /** As `groupKind` writes it. */
  readonly kind: string;
  /** Copies of the task. */
  readonly objects: number;
  /** When the last of them was written by the task, RFC 3339, by the replica's clock. */
  readonly lastChangeAt: string | undefined;
}

export interface Staleness {
  /** Kinds of which the task has copies. */
  readonly kinds: readonly KindStaleness[];
  /** Kinds that can't be listed, so that it is not known what there is of them. */
  readonly unread: readonly string[];
}

/**
 * Lists all that the task copied to a replica. It only informs: whatever a list fails with, a time limit among it, leaves
 * its kind unread.
 * @throws {X8sError} the replica does not tell which kinds it has
 */
export async function stalenessOf({ kube }: Cluster, task: string, call: CallOptions): Promise<Staleness> {
  const { resources, unavailable } = await discover(kube, call);
  const labelSelector = `${ProvenanceKey.task}=${task}`;
  const unread = [...unavailable];
  const found = await someAtOnce(
    resources.filter(isListed).map((resource) => async () => {
      const kind = kindOf(resource);
      try {
        const { items } = await kube.list(resource, { ...call, labelSelector, metadataOnly: true });
        const copies = items.filter((object) => isCopyOf(object, task));
        return { kind, objects: copies.length, lastChangeAt: lastChange(copies) };
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!(error instanceof X8sError)) throw error;
        if (!isNotFound(error)) unread.push(kind);
        return { kind, objects: 0, lastChangeAt: undefined };
      }
    }),
  );
  const kinds = found.filter(({ objects }) => objects > 0).sort((a, b) => a.kind.localeCompare(b.kind));
  return { kinds, unread };
}

const kindOf = (resource: Resource): string =>
  groupKind({ apiVersion: apiVersionOf(resource), kind: resource.kind });

/** Kinds that are never copied are not asked for, nor those Endpoints that servers warn of. */
const isListed = (resource: DiscoveredResource): boolean =>
  resource.preferred &&
  resource.verbs.includes('list') &&
  !isEphemeralKind(kindOf(resource)) &&
  kindOf(resource) !== 'Endpoints';

/** When the task wrote any of some objects last, as their API server noted. Pure. */
export function lastChange(objects: readonly KubeObject[]): string | undefined {
  const times = objects.flatMap(({ metadata: { managedFields = [] } }) =>
    (managedFields as readonly { manager?: unknown; time?: unknown }[]).flatMap(({ manager, time }) =>
      manager === fieldManager && typeof time === 'string' ? time : [],
    ),
  );
  return times.sort().at(-1);
}
