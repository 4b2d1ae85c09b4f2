/** The least Roles that let somebody copy, for an administrator to grant. */
import { type RbacRole, rbacManifest } from '../../../src/kube/cluster/access.ts';
import type { ClaimRef } from '../claims/claim.ts';
import type { Role } from '../objects/sides.ts';
import { helpfulPermissions, type Makes, permissionsOf } from './permissions.ts';

/** Name of the Roles. */
const roleName = 'x8sync';

/** What is to be granted in one cluster. */
export interface ClusterRoles {
  /** By its name on this workstation. */
  readonly context: string;
  /** The sides of the copy that are there. */
  readonly sides: readonly Role[];
  readonly roles: readonly RbacRole[];
}

export interface RoleWishes {
  readonly sides: readonly Role[];
  readonly makes: Makes;
  /** Also what a copy goes without, and is better with. */
  readonly helpful: boolean;
}

/** For each cluster the Roles of its sides: one where both claims are in one namespace. */
export function rolesFor(
  pair: Readonly<Record<Role, ClaimRef>>,
  { sides, makes, helpful }: RoleWishes,
): ClusterRoles[] {
  const byCluster = Map.groupBy(sides, (side) => pair[side].kube.cluster.server);
  return [...byCluster.values()].map((here) => {
    const needs = here.flatMap((side) => {
      const { namespace } = pair[side];
      const more = helpful ? helpfulPermissions(side, namespace, makes) : [];
      return [...permissionsOf(side, namespace, makes), ...more];
    });
    const [first = 'source'] = here;
    return { context: pair[first].kube.cluster.context, sides: here, roles: rbacManifest(needs, roleName) };
  });
}
