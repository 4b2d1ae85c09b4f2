/** The claims of workloads that are to be woken, and when x8sync last filled each of them. */
import type { Clock } from '../../../src/clock.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { TaskStore } from '../../../src/tasks/store.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { at, items } from '../objects/draft.ts';
import type { Workload } from './workloads.ts';

export interface ClaimState {
  readonly namespace: string;
  readonly name: string;
  readonly exists: boolean;
  /** When a copy into it last ended well, RFC 3339; undefined: never, as far as the cluster knows. */
  readonly filledAt: string | undefined;
}

/** Claims by name, and whom they belong to. */
export interface ClaimsOf {
  readonly workload: Workload;
  readonly claims: readonly ClaimState[];
}

/** The tool whose records tell when claims were filled. */
const mover = { tool: 'x8sync', schema: Number.MAX_SAFE_INTEGER };

/** Names of the claims that a workload mounts, once it has as many pods as it had. Pure. */
export function claimNames({ kind, object, original }: Workload): string[] {
  const mounted = items(object, 'spec', 'template', 'spec', 'volumes').flatMap((volume) => {
    const name = at(volume, 'persistentVolumeClaim', 'claimName');
    return typeof name === 'string' ? [name] : [];
  });
  if (kind !== 'StatefulSet') return mounted;
  const pods = original?.field === 'replicas' ? original.value : Number(at(object, 'spec', 'replicas') ?? 1);
  const first = Number(at(object, 'spec', 'ordinals', 'start') ?? 0);
  const made = items(object, 'spec', 'volumeClaimTemplates').flatMap((template) =>
    Array.from(
      { length: pods },
      (_, pod) => `${at(template, 'metadata', 'name')}-${object.metadata.name}-${first + pod}`,
    ),
  );
  return [...mounted, ...made];
}

/** Whether a workload would begin with a claim that nothing was ever copied into. */
export const hasEmptyClaim = ({ claims }: Pick<ClaimsOf, 'claims'>): boolean =>
  claims.some(({ filledAt }) => filledAt === undefined);

/** Looks up the claims of workloads on a replica; those without a claim are left out. */
export async function claimsOf(
  { kube }: Cluster,
  workloads: readonly Workload[],
  { clock, ...call }: CallOptions & { clock: Clock },
): Promise<ClaimsOf[]> {
  const named = workloads.map((workload) => ({ workload, names: claimNames(workload) }));
  const concerned = named.filter(({ names }) => names.length > 0);
  if (concerned.length === 0) return [];
  const records = await new TaskStore({ kube, clock, ...mover }).list({ ...call, role: 'target' });
  const namespaces = new Set(concerned.map(({ workload }) => workload.object.metadata.namespace ?? ''));
  const uids = new Map<string, string>();
  for (const namespace of namespaces) {
    const { items: found } = await kube.list(persistentVolumeClaims, {
      ...call,
      namespace,
      metadataOnly: true,
    });
    for (const { metadata } of found) uids.set(`${namespace}/${metadata.name}`, metadata.uid ?? '');
  }
  const filledAt = (uid: string | undefined): string | undefined =>
    records
      .filter(({ spec, phase }) => at(spec, 'targetUid') === uid && phase === 'Succeeded')
      .flatMap(({ finishedAt }) => finishedAt ?? [])
      .sort()
      .at(-1);
  return concerned.map(({ workload, names }) => ({
    workload,
    claims: names.map((name) => {
      const namespace = workload.object.metadata.namespace ?? '';
      const uid = uids.get(`${namespace}/${name}`);
      return { namespace, name, exists: uid !== undefined, filledAt: uid && filledAt(uid) };
    }),
  }));
}
