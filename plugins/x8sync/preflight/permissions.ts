/** What a copy needs to be allowed, asked before anything is made. */
import { ForbiddenError } from '../../../src/errors.ts';
import { type Permission, requirePermissions } from '../../../src/kube/access.ts';
import {
  configMaps,
  jobs,
  persistentVolumeClaims,
  pods,
  type Resource,
  secrets,
  services,
  statefulSets,
} from '../../../src/kube/resources.ts';
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

/** What a copy may make, by the strategies that it may try. */
export interface Makes {
  /** An sshd at the source, and keys for it on both sides. */
  readonly server: boolean;
  /** A Service that leads there. */
  readonly service: boolean;
}

/** All that one side of a copy asks of its namespace. */
export function permissionsOf(role: Role, namespace: string, makes: Makes): Permission[] {
  const isSource = role === 'source';
  const needs = [
    ...common,
    ...(isSource ? [] : mover),
    ...(makes.server ? keys : []),
    ...(isSource && makes.server ? server : []),
    ...(isSource && makes.service ? service : []),
  ];
  return needs.flatMap(([resource, verbs, subresource]) =>
    verbs.split(' ').map((verb) => ({ verb, resource, namespace, subresource })),
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
