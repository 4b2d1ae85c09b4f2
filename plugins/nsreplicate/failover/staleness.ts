/** How old what a replica has is, by kind: when the last change of each kind arrived. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import { discover } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { apiVersionOf, type DiscoveredResource } from '../../../src/kube/resources.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { fieldManager } from '../decide/spec.ts';
import { groupKind } from '../objects/draft.ts';
import { ProvenanceKey } from '../objects/provenance.ts';

export interface KindStaleness {
  /** As `groupKind` writes it. */
  readonly kind: string;
  /** Copies of the task. */
  readonly objects: number;
  /** When the last of them was written by the task, RFC 3339, by the replica's clock. */
  readonly lastChangeAt: string | undefined;
}

/** By kind; kinds of which the task has no copy are left out. */
export async function stalenessOf(
  { kube }: Cluster,
  task: string,
  call: CallOptions,
): Promise<KindStaleness[]> {
  const { resources } = await discover(kube, call);
  const labelSelector = `${ProvenanceKey.task}=${task}`;
  const found = await someAtOnce(
    resources.filter(isListed).map((resource) => async () => {
      const list = await kube
        .list(resource, { ...call, labelSelector, metadataOnly: true })
        .catch(() => undefined);
      const kind = groupKind({ apiVersion: apiVersionOf(resource), kind: resource.kind });
      return { kind, objects: list?.items.length ?? 0, lastChangeAt: lastChange(list?.items ?? []) };
    }),
  );
  return found.filter(({ objects }) => objects > 0).sort((a, b) => a.kind.localeCompare(b.kind));
}

const isListed = ({ preferred, verbs }: DiscoveredResource): boolean => preferred && verbs.includes('list');

/** When the task wrote any of some objects last, as their API server noted. Pure. */
export function lastChange(objects: readonly KubeObject[]): string | undefined {
  const times = objects.flatMap(({ metadata: { managedFields = [] } }) =>
    (managedFields as readonly { manager?: unknown; time?: unknown }[]).flatMap(({ manager, time }) =>
      manager === fieldManager && typeof time === 'string' ? time : [],
    ),
  );
  return times.sort().at(-1);
}
