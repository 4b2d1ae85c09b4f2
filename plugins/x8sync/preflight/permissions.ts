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
  [secrets, 'get list watch create delete'],
  // A pod is made by dry run, to see what the namespace admits.
  [pods, 'get list watch create delete'],
  [pods, 'get', 'log'],
];

const needs: Readonly<Record<Role, readonly Need[]>> = {
  source: [
    ...common,
    [statefulSets, 'get list watch create delete'],
    [services, 'get list watch create delete'],
  ],
  target: [...common, [jobs, 'get list watch create delete']],
};

/** All that one side of a copy asks of its namespace. */
export function permissionsOf(role: Role, namespace: string): Permission[] {
  return needs[role].flatMap(([resource, verbs, subresource]) =>
    verbs.split(' ').map((verb) => ({ verb, resource, namespace, subresource })),
  );
}

/**
 * Asks both sides at once.
 *
 * @throws ForbiddenError names each verb on each resource that is missing, on either side.
 */
export async function checkPermissions(
  sides: Readonly<Record<Role, ClaimRef>>,
  signal: AbortSignal,
): Promise<void> {
  const answers = await Promise.all([
    missingOn('source', sides.source, signal),
    missingOn('target', sides.target, signal),
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
  signal: AbortSignal,
): Promise<ForbiddenError | undefined> {
  try {
    await requirePermissions(kube, permissionsOf(role, namespace), { signal });
    return undefined;
  } catch (error) {
    if (error instanceof ForbiddenError) return error;
    throw error;
  }
}
