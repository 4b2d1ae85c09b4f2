/** The least that a task has to be allowed: on the primary, on each replica, and where its state is. Pure. */

import type { KubeClient } from '../../../src/kube/api/client.ts';
import {
  configMaps,
  horizontalPodAutoscalers,
  leases,
  namespaces,
  persistentVolumeClaims,
  type Resource,
  secrets,
} from '../../../src/kube/api/resources.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { stateNamespace, type TaskSpec } from '../decide/spec.ts';
import { carriesStatus, makesObjects } from '../objects/carry.ts';
import { Places } from '../objects/keys.ts';
import { literalNamespaces, mayLackNamespaces } from '../rules/scope.ts';
import { metadataOf } from '../state/task-objects.ts';
import { grantingRights } from './granting-rights.ts';

export interface TaskRights {
  readonly primary: readonly Permission[];
  /** The same on each of them. */
  readonly replica: readonly Permission[];
  /** In the cluster that keeps the state. */
  readonly state: readonly Permission[];
  /** Namespaces that have to be there on a replica, since the task may not make any. */
  readonly replicaNamespaces: readonly string[];
}

export interface RightsOptions {
  /** The state is kept in another cluster than the primary, whose right to read it covers one more. */
  readonly isStateElsewhere: boolean;
  /** Roles and bindings are copied whatever they grant, also more than the task itself may do. */
  readonly escalates?: boolean;
}

type Spec = Pick<TaskSpec, 'name' | 'rules' | 'namespaces' | 'map' | 'prune' | 'onImmutable'>;

/**
 * What a watch of the task needs, which is more than one comparison does.
 *
 * Where its namespaces are named without globs, it is rights in just these, and none on namespaces themselves: then
 * these have to be there on the replicas.
 * @param kinds the kinds that its rules mean, as the primary serves them
 */
export function rightsOf(
  spec: Spec,
  kinds: readonly CopiedKind[],
  { isStateElsewhere, escalates = false }: RightsOptions,
): TaskRights {
  const literal = literalNamespaces(spec.namespaces);
  const there = namespacesThere(spec);
  // Namespaces are listed only where they decide, or are copied themselves.
  const mayLack = mayLackNamespaces(spec.namespaces, spec.rules);
  const read = kinds.filter((kind) => !isNamespaces(kind) || !mayLack);
  return {
    primary: [
      ...identity,
      ...read.flatMap(({ resource }) => on(resource, ['get', 'list', 'watch'], literal)),
      ...on(horizontalPodAutoscalers, ['list', 'watch'], literal),
      ...(isStateElsewhere ? epoch(spec.name) : []),
    ],
    replica: [
      ...identity,
      ...read.flatMap((kind) => writing(kind, spec, there)),
      ...alsoDeleted(spec, kinds, there),
      ...(escalates ? grantingRights(kinds, there) : []),
      ...epoch(spec.name),
    ],
    state: stateRights(spec.name),
    replicaNamespaces: there ?? [],
  };
}

/** Namespaces of a replica to which the task is bound; undefined where globs or labels choose them. */
export function namespacesThere({ namespaces: scope, map }: Pick<Spec, 'namespaces' | 'map'>) {
  const places = new Places(map);
  return literalNamespaces(scope)?.map((namespace) => places.namespaceOnReplica(namespace));
}

/** Whether the state is kept in another cluster than the primary. */
export const isElsewhere = (state: KubeClient, primary: Pick<Cluster, 'kube'>): boolean =>
  state.cluster.server !== primary.kube.cluster.server;

/** Who a cluster is: the uid of this namespace. */
const identity: readonly Permission[] = [{ verb: 'get', resource: namespaces, name: 'kube-system' }];

/** Whether another cluster was promoted. */
const epoch = (task: string): Permission[] => [
  { verb: 'get', resource: configMaps, namespace: stateNamespace, name: metadataOf(task, 'epoch').name },
];

const isNamespaces = ({ resource }: Pick<CopiedKind, 'resource'>): boolean =>
  resource.group === '' && resource.plural === namespaces.plural;

/** Verbs on a resource, in some namespaces; in the whole cluster where none are named. */
const on = (
  resource: Resource,
  verbs: readonly string[],
  within: readonly string[] | undefined,
  subresource?: string,
): Permission[] =>
  (resource.namespaced && within ? within : [undefined]).flatMap((namespace) =>
    verbs.map((verb) => ({
      verb,
      resource,
      ...(namespace === undefined ? {} : { namespace }),
      ...(subresource === undefined ? {} : { subresource }),
    })),
  );

function writing(kind: CopiedKind, spec: Spec, within: readonly string[] | undefined): Permission[] {
  const { resource, rules } = kind;
  const carries = rules.map(({ rule }) => rule.carry);
  const makes = carries.some(makesObjects);
  const verbs = [
    ...['get', 'list', 'watch'],
    ...(carries.some(({ what }) => what !== 'status') ? ['patch'] : []),
    ...(makes ? ['create'] : []),
    ...(makes && isDeleted(kind, spec) ? ['delete'] : []),
  ];
  const hasStatus = carries.some(carriesStatus);
  return [
    ...on(resource, verbs, within),
    ...(hasStatus && resource.subresources.includes('status')
      ? on(resource, ['patch'], within, 'status')
      : []),
  ];
}

/** Whether the task may ever delete objects of a kind. */
function isDeleted(kind: CopiedKind, { prune, onImmutable }: Spec): boolean {
  if (onImmutable !== 'fail') return true;
  if (isNamespaces(kind)) return prune.prune && prune.namespaces;
  if (kind.name === 'PersistentVolumeClaim') return prune.prune && prune.claims;
  if (isDefinition(kind)) return prune.prune && prune.definitions;
  return prune.prune;
}

const isDefinition = ({ name }: CopiedKind): boolean =>
  name === 'CustomResourceDefinition.apiextensions.k8s.io';

/** Everything, as RBAC writes it. */
const everything: Resource = { group: '*', version: '*', plural: '*', kind: '*', namespaced: true };

/** What has to be looked at before a deletion that takes others along. */
function alsoDeleted(
  spec: Spec,
  kinds: readonly CopiedKind[],
  within: readonly string[] | undefined,
): Permission[] {
  const { prune } = spec;
  if (!prune.prune) return [];
  const takesAll =
    (prune.namespaces && kinds.some(isNamespaces)) || (prune.definitions && kinds.some(isDefinition));
  return [
    ...(takesAll ? on(everything, ['list'], undefined) : []),
    ...(kinds.some(mayOwnClaims) ? on(persistentVolumeClaims, ['list'], within) : []),
  ];
}

/** Of Kubernetes' own kinds only StatefulSets own claims, custom ones may as well. */
const mayOwnClaims = ({ name, resource: { group } }: CopiedKind): boolean =>
  name === 'StatefulSet.apps' || (group.includes('.') && !group.endsWith('.k8s.io'));

function stateRights(task: string): Permission[] {
  const within = [stateNamespace];
  const named = (resource: Resource, verbs: readonly string[], name: string): Permission[] =>
    verbs.map((verb) => ({ verb, resource, namespace: stateNamespace, name }));
  return [
    ...on(configMaps, ['get', 'list', 'watch', 'create', 'update', 'patch'], within),
    ...named(secrets, ['get'], metadataOf(task, 'key').name),
    ...on(secrets, ['create'], within),
    ...named(leases, ['get', 'update'], metadataOf(task, 'lease').name),
    ...on(leases, ['create'], within),
  ];
}
