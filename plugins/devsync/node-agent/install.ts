/** Puts the agents on every node, and takes them away whole. */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError, X8sError } from '../../../src/errors.ts';
import { isConflict } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { daemonSets, nameOf, namespaces, pods, type Resource } from '../../../src/kube/api/resources.ts';
import { applyObject, describeObject } from '../../../src/kube/cluster/apply-object.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { tool } from '../spec/spec.ts';
import { agentName, agentNamespace, agentSelector } from '../wire/node-agent.ts';
import {
  type AgentInstallation,
  agentLabels,
  agentObjects,
  namespaceObjects,
  versionLabel,
} from './manifests.ts';
import { isNewer } from './versions.ts';

const fieldManager = 'kubectl-devsync-init';
/** Of ours in all namespaces, in the order in which they go; the agents' namespace takes the rest along. */
const kinds = [
  'daemonsets.apps',
  'rolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'serviceaccounts',
];

export interface InstallOptions extends CallOptions {
  /** Hears what becomes of each object. */
  readonly did: (what: string) => void;
}

/** Version and image of the agents; undefined where there are none. */
export async function installedAgents(
  kube: KubeClient,
  call: CallOptions,
): Promise<AgentInstallation | undefined> {
  const found = await kube.find(daemonSets, { namespace: agentNamespace, name: agentName }, call);
  if (found === undefined) return undefined;
  const spec = found.spec as { template: { spec: { containers: { image: string }[] } } };
  const image = spec.template.spec.containers[0]?.image ?? '';
  return { image, version: found.metadata.labels?.[versionLabel] ?? '' };
}

/**
 * Makes the agents, or makes them what this version has, and lets them work in these namespaces.
 *
 * @throws {RefusedError} the agents' namespace is there and not ours, the agents have a newer version, or others set
 *   fields of an object otherwise
 */
export async function installAgents(
  kube: KubeClient,
  installation: AgentInstallation,
  places: readonly string[],
  options: InstallOptions,
): Promise<void> {
  await requireOurNamespace(kube, options);
  await requireNoNewer(kube, installation.version, options);
  for (const namespace of places) await requireNamespace(kube, namespace, options);
  for (const object of [...agentObjects(installation), ...places.flatMap(namespaceObjects)])
    options.did(await applyOne(kube, object, options));
}

async function requireOurNamespace(kube: KubeClient, call: CallOptions): Promise<void> {
  const found = await kube.find(namespaces, { name: agentNamespace }, call);
  if (found === undefined || isOurs(found)) return;
  throw new RefusedError(
    `namespace ${agentNamespace} of ${kube.cluster.context} is there, and not devsync's`,
    {
      details: ['It would be deleted as a whole by `uninstall`.'],
      hint: 'Rename or remove it. Nothing was installed.',
    },
  );
}

/** Users of the newer plugin would be left without agents. */
async function requireNoNewer(kube: KubeClient, ours: string, call: CallOptions): Promise<void> {
  const before = await installedAgents(kube, call);
  if (before === undefined || !isNewer(before.version, ours)) return;
  throw new RefusedError(
    `the agents of ${kube.cluster.context} have version ${before.version}, and this plugin has ${ours}`,
    { hint: 'Upgrade the plugin; or `uninstall`, and then `init --node-agent`, makes older agents.' },
  );
}

const isOurs = ({ metadata: { labels } }: KubeObject): boolean =>
  labels?.[Label.managedBy] === managerOf(tool);

async function requireNamespace(kube: KubeClient, name: string, call: CallOptions): Promise<void> {
  if (await kube.find(namespaces, { name }, call)) return;
  throw new RefusedError(`there is no namespace ${name} in ${kube.cluster.context}`, {
    hint: 'Make it first: an account for its users belongs in it. Nothing was installed.',
  });
}

async function applyOne(kube: KubeClient, object: KubeObject, { signal }: InstallOptions): Promise<string> {
  try {
    return await applyObject(kube, object, { fieldManager, signal });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new RefusedError(`${describeObject(object)} is there, and others set fields of it otherwise`, {
      details: [messageOf(error)],
      hint: '`uninstall`, and then `init --node-agent`, makes it anew.',
      cause: error,
    });
  }
}

interface Rollout extends KubeObject {
  status?: {
    observedGeneration?: number;
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    numberReady?: number;
    numberMisscheduled?: number;
  };
}

export interface ReadyOptions extends CallOptions {
  readonly clock: Clock;
  /** Told how many are ready, whenever that changes. */
  readonly onWait: (what: string) => void;
}

/** Resolves with the number of nodes once an agent of the installed version is ready on each; says why one is not. */
export async function agentsReady(
  kube: KubeClient,
  timeoutMs: number,
  { signal, clock, onWait }: ReadyOptions,
): Promise<number> {
  const place = { namespace: agentNamespace, name: agentName };
  let last = '';
  const look = (now: Rollout | undefined) => {
    const nodes = nodesWhereReady(now);
    const words = describeRollout(now);
    if (nodes === undefined && words !== last) onWait(`waiting for the agents of all nodes: ${words}`);
    last = words;
    return nodes;
  };
  try {
    return await waitFor(kube, daemonSets as Resource as Resource<Rollout>, place, look, {
      timeoutMs,
      signal,
      clock,
      what: 'an agent to be ready on each node',
      describe: describeRollout,
    });
  } catch (error) {
    if (!(error instanceof X8sError) || signal?.aborted) throw error;
    throw new X8sError(messageOf(error), {
      details: [...error.details, ...(await podTrouble(kube, { signal }))],
      hint: `kubectl -n ${agentNamespace} logs ds/${agentName} may say more; what was made stays.`,
      cause: error,
    });
  }
}

function nodesWhereReady(object: Rollout | undefined): number | undefined {
  const {
    observedGeneration = 0,
    desiredNumberScheduled = 0,
    updatedNumberScheduled = 0,
    numberReady = 0,
  } = object?.status ?? {};
  const isSeen = object !== undefined && observedGeneration >= (object.metadata.generation ?? 0);
  const areAll = updatedNumberScheduled >= desiredNumberScheduled && numberReady >= desiredNumberScheduled;
  return isSeen && areAll ? desiredNumberScheduled : undefined;
}

const describeRollout = (object: Rollout | undefined): string => {
  const {
    desiredNumberScheduled: all = 0,
    numberReady = 0,
    updatedNumberScheduled = 0,
  } = object?.status ?? {};
  return `${numberReady} of ${all} are ready, ${updatedNumberScheduled} have this version`;
};

/** Why agents do not run, one line each. */
async function podTrouble(kube: KubeClient, call: CallOptions): Promise<string[]> {
  const labelSelector = selectorOf(agentSelector);
  const { items } = await kube.list(pods, { namespace: agentNamespace, labelSelector, ...call });
  return items.flatMap(({ metadata: { name }, spec, status }) =>
    (status?.containerStatuses ?? []).flatMap(({ state, lastState }) => {
      const reasons = [state?.waiting, lastState?.terminated].filter((one) => one !== undefined);
      return reasons.map(({ reason = '', message = '' }) =>
        `pod ${name} on ${spec.nodeName}: ${reason} ${message}`.trim(),
      );
    }),
  );
}

/** Removes the agents, what they and their users were allowed, and their namespace; resolves when that is gone. */
export async function uninstallAgents(
  kube: KubeClient,
  { did, signal, clock, timeoutMs }: InstallOptions & { readonly clock: Clock; readonly timeoutMs: number },
): Promise<void> {
  const labelSelector = selectorOf(agentLabels);
  for (const kind of kinds) {
    const resource: Resource = await resolveResource(kube, kind, { signal });
    const { items } = await kube.list(resource, { labelSelector, signal });
    for (const { metadata } of items) {
      const { name, namespace, uid } = metadata;
      if (await kube.delete(resource, { name, namespace }, { uid, signal }))
        did(`${nameOf(resource)} ${namespace === undefined ? '' : `${namespace}/`}${name} deleted`);
    }
  }
  const found = await kube.find(namespaces, { name: agentNamespace }, { signal });
  if (found === undefined || !isOurs(found)) return;
  if (await kube.delete(namespaces, { name: agentNamespace }, { uid: found.metadata.uid, signal }))
    did(`namespaces ${agentNamespace} deleted`);
  await waitFor(kube, namespaces, { name: agentNamespace }, (now) => (now === undefined ? true : undefined), {
    timeoutMs,
    signal,
    clock,
    what: `namespace ${agentNamespace} and all that is in it to go`,
  });
}
