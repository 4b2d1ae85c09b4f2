/**
 * What copying Roles and bindings takes beyond writing them. An API server lets nobody grant what they may not do
 * themselves, unless they may `escalate` roles and `bind` to them. Pure.
 */

import type { Resource } from '../../../src/kube/api/resources.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import type { CopiedKind } from '../clusters/kinds.ts';

const group = 'rbac.authorization.k8s.io';
const roleLike = (plural: string, kind: string): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  // A RoleBinding may bind to a ClusterRole, which is asked for in the binding's namespace.
  namespaced: true,
});
const roles = roleLike('roles', 'Role');
const clusterRoles = roleLike('clusterroles', 'ClusterRole');

/** Verbs by kind, as `groupKind` writes it, and whether the kind is of namespaces. */
const needs: Readonly<Record<string, readonly [verb: string, on: readonly Resource[], namespaced: boolean]>> =
  {
    [`Role.${group}`]: ['escalate', [roles], true],
    [`ClusterRole.${group}`]: ['escalate', [clusterRoles], false],
    [`RoleBinding.${group}`]: ['bind', [roles, clusterRoles], true],
    [`ClusterRoleBinding.${group}`]: ['bind', [clusterRoles], false],
  };

/** Those of the kinds whose objects grant rights. */
export const grantingKinds = (kinds: readonly CopiedKind[]): string[] =>
  kinds.map(({ name }) => name).filter((name) => Object.hasOwn(needs, name));

/** @param within namespaces of the replica; all where absent */
export function grantingRights(
  kinds: readonly CopiedKind[],
  within: readonly string[] | undefined,
): Permission[] {
  return grantingKinds(kinds).flatMap((kind) => {
    const [verb, on, namespaced] = needs[kind] ?? ['', [], false];
    const places = namespaced && within ? within : [undefined];
    return on.flatMap((resource) =>
      places.map((namespace) => ({ verb, resource, ...(namespace === undefined ? {} : { namespace }) })),
    );
  });
}
