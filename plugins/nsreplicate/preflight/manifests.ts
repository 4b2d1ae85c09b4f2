/** Rights as manifests: what an administrator of each cluster applies. */

import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { type Permission, type RbacRole, rbacManifest } from '../../../src/kube/cluster/access.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { stateNamespace } from '../decide/spec.ts';
import { tool } from '../state/task-objects.ts';
import type { TaskRights } from './rights.ts';

/** Whom roles are bound to. */
export interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly name: string;
  /** Of a ServiceAccount. */
  readonly namespace?: string | undefined;
}

export type Side = 'primary' | 'replica' | 'state';

/** Manifests by the cluster that they are for. */
export type SideManifests = Readonly<Record<Side, readonly KubeObject[]>>;

/** @param subject whom the roles are bound to; no bindings where absent */
export function manifestsOf(task: string, rights: TaskRights, subject?: Subject): SideManifests {
  const of = (side: Side, needs: readonly Permission[], namespaces: readonly string[]) => {
    const roles = rbacManifest(needs, `${tool}-${task}-${side}`);
    return [
      ...namespaces.map(namespaceObject),
      ...roles,
      ...(subject ? roles.map((role) => bindingOf(role, subject)) : []),
    ];
  };
  return {
    primary: of('primary', rights.primary, [stateNamespace]),
    replica: of('replica', rights.replica, [stateNamespace, ...rights.replicaNamespaces]),
    state: of('state', rights.state, [stateNamespace]),
  };
}

/** A Role can only be made in a namespace that is there. */
function namespaceObject(name: string): KubeObject {
  const labels = {
    [Label.managedBy]: managerOf(tool),
    'pod-security.kubernetes.io/enforce': 'restricted',
  };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(name === stateNamespace ? { labels } : {}) },
  };
}

function bindingOf({ kind, metadata }: RbacRole, { kind: who, name, namespace }: Subject): KubeObject {
  const apiGroup = 'rbac.authorization.k8s.io';
  const subject = who === 'ServiceAccount' ? { kind: who, name, namespace } : { kind: who, name, apiGroup };
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: `${kind}Binding`,
    metadata: { ...metadata },
    roleRef: { apiGroup, kind, name: metadata.name },
    subjects: [subject],
  };
}
