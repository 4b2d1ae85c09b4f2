/** What devsync asks of the API server, by the way in which an agent gets to a container. */
import type { Permission } from '../../../src/kube/access.ts';
import {
  configMaps,
  daemonSets,
  deployments,
  persistentVolumeClaims,
  pods,
  replicaSets,
  statefulSets,
} from '../../../src/kube/resources.ts';
import type { LauncherName } from '../spec/spec.ts';

/** What some need beyond a sync's own rights: reloads by `rollout`, the trial of `init`, telling claims apart. */
export const extraRights = ['rollout', 'init', 'claims'] as const;
export type ExtraRight = (typeof extraRights)[number];

type Grant = readonly [resource: Permission['resource'], verbs: readonly string[], subresource?: string];

/** Each launcher's own; `auto` takes what it may. */
const byLauncher: Readonly<Record<'exec' | 'ephemeral', readonly Grant[]>> = {
  // A WebSocket is a GET; newer servers want both.
  exec: [[pods, ['get', 'create'], 'exec']],
  ephemeral: [
    [pods, ['get', 'create'], 'exec'],
    [pods, ['patch'], 'ephemeralcontainers'],
  ],
};

const ofEachSync: readonly Grant[] = [
  [configMaps, ['get', 'list', 'watch', 'create', 'update', 'delete']],
  [pods, ['get', 'list', 'watch']],
];

const extras: Readonly<Record<ExtraRight, readonly Grant[]>> = {
  rollout: [
    [replicaSets, ['get']],
    [deployments, ['patch']],
    [statefulSets, ['patch']],
    [daemonSets, ['patch']],
  ],
  init: [[pods, ['create', 'delete']]],
  claims: [[persistentVolumeClaims, ['get']]],
};

/** The least that a sync with this launcher needs in a namespace. */
export function rightsFor(
  namespace: string,
  launcher: LauncherName,
  also: readonly ExtraRight[] = [],
): Permission[] {
  const own = launcher === 'exec' ? byLauncher.exec : byLauncher.ephemeral;
  const grants = [...ofEachSync, ...own, ...also.flatMap((one) => extras[one])];
  return grants.flatMap(([resource, verbs, subresource]) =>
    verbs.map((verb) => ({ verb, resource, namespace, ...(subresource !== undefined && { subresource }) })),
  );
}

/** Whether a sync can do without: a container may have a Node.js of its own. */
export const isOptional = ({ subresource }: Permission, launcher: LauncherName): boolean =>
  subresource === 'ephemeralcontainers' && launcher === 'auto';
