/** What a copy needs to be allowed, asked before anything is made. */
import { ForbiddenError } from '../../../src/errors.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  events,
  horizontalPodAutoscalers,
  jobs,
  limitRanges,
  namespaces,
  networkPolicies,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type Resource,
  replicaSets,
  resourceQuotas,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
  storageClasses,
  volumeSnapshotClasses,
  volumeSnapshots,
} from '../../../src/kube/api/resources.ts';
import { type Permission, requirePermissions } from '../../../src/kube/cluster/access.ts';
import type { ClaimRef } from '../claims/claim.ts';
import type { Role } from '../objects/sides.ts';

type Need = readonly [resource: Resource, verbs: string, subresource?: string];

/** NetworkPolicies, volumes and nodes are not among them: where those are not allowed, it goes without. */
const common: readonly Need[] = [
  [persistentVolumeClaims, 'get'],
  [configMaps, 'get list create update delete'],
  // A pod is made by dry run, to see what the namespace admits.
  [pods, 'get list watch create delete'],
  [pods, 'get', 'log'],
];

const mover: readonly Need[] = [[jobs, 'get list watch create delete']];
/** SSH between two pods takes keys. */
const keys: readonly Need[] = [[secrets, 'get list watch create delete']];
const server: readonly Need[] = [[statefulSets, 'get list watch create delete']];
const service: readonly Need[] = [[services, 'get list watch create delete']];
const otherService: readonly Need[] = [[services, 'patch']];
/** A WebSocket begins as a GET; newer API servers ask for `create` as well. */
const addresses: readonly Need[] = [[pods, 'get create', 'exec']];
const relay: readonly Need[] = [[pods, 'get create', 'portforward']];

/** A claim in the source's place, and the snapshot that it is made of. */
const frozen: Readonly<Record<'snapshot' | 'clone', readonly Need[]>> = {
  snapshot: [
    [volumeSnapshots, 'get list watch create delete'],
    [persistentVolumeClaims, 'list watch create delete'],
  ],
  clone: [[persistentVolumeClaims, 'list watch create delete']],
};

const growth: readonly Need[] = [[persistentVolumeClaims, 'list watch patch']];
const creation: readonly Need[] = [[persistentVolumeClaims, 'create']];

/** A CronJob whose times can be changed; and who may list pods for what runs before each of its movers. */
const cron: readonly Need[] = [[cronJobs, 'get list watch create patch delete']];
const gate: readonly Need[] = [
  [serviceAccounts, 'get list watch create delete'],
  [roles, 'get list watch create delete'],
  [roleBindings, 'get list watch create delete'],
];

/** Finding workloads through the owners of their pods, scaling them, and awaiting that. */
const scaling: readonly Need[] = [
  [deployments, 'get list watch patch'],
  [statefulSets, 'get list watch patch'],
  [replicaSets, 'get'],
];
/** Who would scale them back. */
const scalers: readonly Need[] = [
  [horizontalPodAutoscalers, 'list'],
  [cronJobs, 'list'],
];

/** What a copy goes without, and is better with: it sees more, says more, or gets through more. */
const helpful: readonly Need[] = [
  [networkPolicies, 'get list create delete'],
  [events, 'list watch'],
  [resourceQuotas, 'list'],
  [limitRanges, 'list'],
];
/** Whether another task copies to the target by itself. */
const schedules: readonly Need[] = [[cronJobs, 'list']];
const helpfulInCluster: readonly Need[] = [
  [persistentVolumes, 'get list'],
  [nodes, 'list'],
];

/** What a copy makes and calls, by the strategies that it may try. */
export interface Makes {
  /** An sshd at the source, and keys for it on both sides. */
  readonly server: boolean;
  /** A Service that leads there; to an sshd at the target with {@link push}. */
  readonly service: boolean;
  /** The source dials the target. */
  readonly push?: boolean;
  /** That Service is turned into one of another type, for a further strategy. */
  readonly otherService?: boolean;
  /** Addresses are handed to the pod that dials while it runs: the target's, or the source's with {@link push}. */
  readonly addresses?: boolean;
  /** Port-forwards to the pods of both sides. */
  readonly relay?: boolean;
  /** A target claim that is too small is made larger. */
  readonly growth?: boolean;
  /** A target claim that is missing is made. */
  readonly creation?: boolean;
  /** A CronJob at the target; one that asks before each copy who has the target claim, where it is `asking`. */
  readonly schedule?: 'asking' | 'blind' | undefined;
  /** Workloads of these sides are stopped and started. */
  readonly cutover?: readonly Role[];
  /** The source is frozen first. */
  readonly snapshot?: 'snapshot' | 'clone' | undefined;
}

/** All that one side of a copy asks of its namespace. */
export function permissionsOf(role: Role, namespace: string, makes: Makes): Permission[] {
  const isSource = role === 'source';
  const isDialled = isSource !== (makes.push ?? false);
  const needs = [
    ...common,
    ...(isSource ? [] : mover),
    ...(makes.server ? keys : []),
    ...(isSource && makes.server ? server : []),
    ...(isDialled && makes.service ? service : []),
    ...(isDialled && makes.otherService ? otherService : []),
    ...(!isDialled && makes.addresses ? addresses : []),
    ...(makes.relay ? relay : []),
    ...(!isSource && makes.growth ? growth : []),
    ...(!isSource && makes.creation ? creation : []),
    ...(!isSource && makes.schedule ? cron : []),
    ...(!isSource && makes.schedule === 'asking' ? gate : []),
    ...(makes.cutover?.includes(role) ? scaling : []),
    ...(isSource && makes.snapshot ? frozen[makes.snapshot] : []),
  ];
  return permissions(needs, namespace);
}

/** What a cutover asks of the namespace of a side whose workloads it stops or starts. */
export const scalingPermissions = (namespace: string): Permission[] => permissions(scaling, namespace);

/** What a side of a copy is better with: in its namespace, and in the cluster as a whole. */
export function helpfulPermissions(role: Role, namespace: string, makes: Makes): Permission[] {
  // The UID of this namespace tells clusters apart.
  const identity = { verb: 'get', resource: namespaces, name: 'kube-system' };
  const classes: Need[] = [
    ...(role === 'source' && makes.snapshot === 'snapshot'
      ? [[volumeSnapshotClasses, 'get list'] as const]
      : []),
    ...(makes.snapshot || makes.growth || makes.creation ? [[storageClasses, 'get'] as const] : []),
  ];
  return [
    ...permissions(
      [
        ...helpful,
        ...(role === 'target' ? schedules : []),
        // A claim that was made for the copy may turn out to be too small.
        ...(role === 'target' && makes.creation ? growth : []),
        ...(makes.cutover?.includes(role) ? scalers : []),
      ],
      namespace,
    ),
    ...permissions([...helpfulInCluster, ...classes]),
    identity,
  ];
}

function permissions(needs: readonly Need[], namespace?: string): Permission[] {
  return needs.flatMap(([resource, verbs, subresource]) =>
    verbs
      .split(' ')
      .map((verb) => ({ verb, resource, subresource, ...(namespace !== undefined && { namespace }) })),
  );
}

/**
 * Asks both sides at once.
 *
 * @throws ForbiddenError names each verb on each resource that is missing, on either side.
 */
export async function checkPermissions(
  { source, target }: Readonly<Record<Role, ClaimRef>>,
  makes: Makes,
  signal: AbortSignal,
): Promise<void> {
  const answers = await Promise.all([
    missingOn('source', source, makes, signal),
    missingOn('target', target, makes, signal),
  ]);
  const [first, second] = answers.filter((error) => error !== undefined);
  if (!first || !second) {
    if (first) throw first;
    return;
  }
  throw new ForbiddenError(`${first.message}; ${second.message}`, {
    details: [...first.details, ...second.details],
    hint: 'ask the administrators of the clusters for them',
  });
}

/** Resolves with what this side lacks, as an error; rejects at once where the cluster can't be asked. */
async function missingOn(
  role: Role,
  { kube, namespace }: ClaimRef,
  makes: Makes,
  signal: AbortSignal,
): Promise<ForbiddenError | undefined> {
  try {
    await requirePermissions(kube, permissionsOf(role, namespace, makes), { signal });
    return undefined;
  } catch (error) {
    if (error instanceof ForbiddenError) return error;
    throw error;
  }
}
