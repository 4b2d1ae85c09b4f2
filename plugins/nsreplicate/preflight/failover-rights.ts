/** The least that `promote` and `demote` have to be allowed, beside what a watch of the task is. Pure. */

import {
  configMaps,
  namespaces,
  persistentVolumeClaims,
  type Resource,
} from '../../../src/kube/api/resources.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import { stateNamespace } from '../decide/spec.ts';
import type { TaskRights } from './rights.ts';

const workloads: readonly Resource[] = [
  { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet', namespaced: true },
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  { group: 'batch', version: 'v1', plural: 'cronjobs', kind: 'CronJob', namespaced: true },
];

const on = (resource: Resource, verbs: readonly string[], namespace?: string): Permission[] =>
  verbs.map((verb) => ({ verb, resource, ...(namespace === undefined ? {} : { namespace }) }));

/** Who a cluster is, and the epoch that is raised there. */
const fencing: readonly Permission[] = [
  { verb: 'get', resource: namespaces, name: 'kube-system' },
  ...on(configMaps, ['get', 'create', 'update'], stateNamespace),
];

/**
 * What a promotion needs: on all clusters to fence them, on the promoted one also to find and wake workloads, in the
 * whole cluster, since a task may have put them anywhere, and to see when their claims were filled.
 * @param watch what a watch of the task needs
 */
export const promotionRights = (watch: TaskRights): TaskRights => ({
  primary: fencing,
  replica: [
    ...fencing,
    ...on(configMaps, ['patch'], stateNamespace),
    ...workloads.flatMap((resource) => on(resource, ['get', 'list', 'patch'])),
    ...on(persistentVolumeClaims, ['list']),
    // The records of copies into claims are beside them.
    ...on(configMaps, ['list']),
  ],
  state: watch.state,
  replicaNamespaces: [],
});

/** What a demotion needs: what a watch does, and to tell the old primary of the epoch. */
export const demotionRights = (watch: TaskRights): TaskRights => ({
  ...watch,
  replica: [...watch.replica, ...fencing],
});
