/** Rights for somebody, as RBAC has them. */
import { expect } from '@jest/globals';
import type { PolicyRule } from '../../../src/kube/cluster/access.ts';
import { eventually } from '../../support/eventually.ts';
import { apply } from './clients.ts';
import { kubectl } from './kubectl.ts';

export interface Subject {
  readonly kind: 'User' | 'Group';
  readonly name: string;
}

/** A Role of these rules, and a RoleBinding for somebody. */
export function granted(name: string, rules: readonly PolicyRule[], subject: Subject): object[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  return [
    { apiVersion, kind: 'Role', metadata: { name }, rules },
    {
      ...{ apiVersion, kind: 'RoleBinding', metadata: { name } },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: [{ ...subject, apiGroup }],
    },
  ];
}

/**
 * Grants in a namespace; resolves once its API server heeds the last of them.
 *
 * @param probe `--as` and the like: somebody who has been given something here.
 */
export async function grantIn(
  context: string,
  namespace: string,
  objects: readonly object[],
  probe: readonly string[],
): Promise<void> {
  await apply(context, namespace, ...objects);
  const can = ['auth', 'can-i', 'get', 'persistentvolumeclaims', '-n', namespace, ...probe];
  await eventually(async () => expect(await kubectl(context, can)).toBe('yes\n'));
}
