/** What devsync asks of the API server, by the way in which an agent gets to a container. */

import {
  configMaps,
  daemonSets,
  deployments,
  persistentVolumeClaims,
  pods,
  replicaSets,
  serviceAccounts,
  statefulSets,
} from '../../../src/kube/api/resources.ts';
import type { Permission } from '../../../src/kube/cluster/access.ts';
import type { ReloadRule } from '../spec/reload-spec.ts';
import type { LauncherName } from '../spec/spec.ts';
import { agentNamespace, clientAccount } from '../wire/node-agent.ts';

/** What the check of the user's rights is called among the findings of `init` and `doctor`. */
export const permissionsCheck = 'permissions';

/** What some need beyond a sync's own rights: reloads by `rollout` or `exec`, the trial of `init`, telling claims apart. */
export const extraRights = ['rollout', 'exec', 'init', 'claims'] as const;
export type ExtraRight = (typeof extraRights)[number];

/** Verbs on something in the sync's own namespace, where no other one is named. */
interface Grant extends Omit<Permission, 'verb'> {
  readonly verbs: readonly string[];
}

// A WebSocket is a GET; newer servers want both.
const byWebSocket = ['get', 'create'];
const exec: Grant = { resource: pods, subresource: 'exec', verbs: byWebSocket };
const beside: Grant = { resource: pods, subresource: 'ephemeralcontainers', verbs: ['patch'] };

/** Each launcher's own. `auto` takes what it may; agents of nodes are for an administrator to grant, by name. */
const byLauncher: Readonly<Record<LauncherName, readonly Grant[]>> = {
  auto: [exec, beside],
  exec: [exec],
  ephemeral: [exec, beside],
  'node-agent': [
    { resource: serviceAccounts, subresource: 'token', name: clientAccount, verbs: ['create'] },
    { resource: pods, namespace: agentNamespace, verbs: ['list'] },
    { resource: pods, subresource: 'portforward', namespace: agentNamespace, verbs: byWebSocket },
  ],
};

const ofEachSync: readonly Grant[] = [
  { resource: configMaps, verbs: ['get', 'list', 'watch', 'create', 'update', 'delete'] },
  { resource: pods, verbs: ['get', 'list', 'watch'] },
];

const extras: Readonly<Record<ExtraRight, readonly Grant[]>> = {
  rollout: [
    { resource: replicaSets, verbs: ['get'] },
    { resource: deployments, verbs: ['patch'] },
    { resource: statefulSets, verbs: ['patch'] },
    { resource: daemonSets, verbs: ['patch'] },
  ],
  exec: [exec],
  init: [{ resource: pods, verbs: ['create', 'delete'] }],
  claims: [{ resource: persistentVolumeClaims, verbs: ['get'] }],
};

/** The least that a sync with this launcher needs for a namespace. */
export function rightsFor(
  namespace: string,
  launcher: LauncherName,
  also: readonly ExtraRight[] = [],
): Permission[] {
  const grants = [...ofEachSync, ...byLauncher[launcher], ...also.flatMap((one) => extras[one])];
  return grants.flatMap(({ verbs, ...what }) => verbs.map((verb) => ({ namespace, ...what, verb })));
}

/** What the reload rules of a sync need. */
export function rightsOfRules(rules: readonly ReloadRule[]): ExtraRight[] {
  const kinds = rules.map(({ action }) => action.kind);
  return extraRights.filter((right) => kinds.some((kind) => kind === right));
}

/** Whether a sync can do without: a container may have a Node.js of its own. */
export const isOptional = ({ subresource }: Permission, launcher: LauncherName): boolean =>
  subresource === 'ephemeralcontainers' && launcher === 'auto';
