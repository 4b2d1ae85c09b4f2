/** Puts a controller into a cluster, and takes it out again. */
import type { Clock } from '../../../../src/clock.ts';
import { messageOf, RefusedError, TimeoutError, X8sError } from '../../../../src/errors.ts';
import { isConflict, isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import { deployments, namespaces, pods, type Resource } from '../../../../src/kube/api/resources.ts';
import { applyObject, describeObject } from '../../../../src/kube/cluster/apply-object.ts';
import { resolveResource } from '../../../../src/kube/cluster/discovery.ts';
import { waitFor, waitGone } from '../../../../src/kube/watch/wait.ts';
import { selectorOf } from '../../../../src/tasks/names.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { copiesFinalizer, setFinalizer } from '../resource/deletion.ts';
import { krmSyncers, placeOf } from '../resource/resource.ts';
import { definitions } from './crd.ts';
import { established } from './ensure-crd.ts';
import {
  controllerName,
  type Installation,
  installationAnnotation,
  installationObjects,
  installLabels,
  installManager,
} from './installation.ts';

const roleKinds = ['roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io'];
/** The only Secret of an installation. */
const certificateKind = 'secrets';
const deploymentKind = 'deployments.apps';
/** In the order in which they go, after the Deployment; the definition and the namespace with the tasks' state stay. */
const kinds = [
  'poddisruptionbudgets.policy',
  'services',
  'networkpolicies.networking.k8s.io',
  ...roleKinds.toReversed(),
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'serviceaccounts',
  certificateKind,
];

export interface InstallOptions extends CallOptions {
  /** Take over fields that somebody else set otherwise. */
  readonly force: boolean;
  /** Hears what becomes of each object. */
  readonly did: (what: string) => void;
}

/** What is installed; undefined: nothing is. */
export async function installed(kube: KubeClient, call: CallOptions = {}): Promise<Installation | undefined> {
  const found = await kube.find(deployments, { namespace: stateNamespace, name: controllerName }, call);
  const text = found?.metadata.annotations?.[installationAnnotation];
  return text === undefined ? undefined : (JSON.parse(text) as Installation);
}

/**
 * Applies all objects, and removes the Roles of namespaces that are not among them any more.
 * @throws {RefusedError} a namespace is not there, or an object has fields that somebody else set otherwise
 */
export async function install(
  kube: KubeClient,
  installation: Installation,
  options: InstallOptions,
): Promise<void> {
  for (const name of installation.namespaces) await checkNamespace(kube, name, options);
  const objects = installationObjects(installation);
  for (const object of objects) {
    options.did(await applyOne(kube, object, options));
    if (object.kind === definitions.kind) await established(kube, object.metadata.name, options);
  }
  const wanted = new Set(objects.map(identity));
  for (const kind of roleKinds)
    for (const [resource, object] of await ours(kube, kind, options))
      if (!wanted.has(identity(object))) await remove(kube, resource, object, options);
}

async function checkNamespace(kube: KubeClient, name: string, call: CallOptions): Promise<void> {
  if (await kube.find(namespaces, { name }, call)) return;
  throw new RefusedError(`there is no namespace ${name} in ${kube.cluster.context}`, {
    hint: 'Make it first: a Role for the controller belongs in it. Nothing was installed.',
  });
}

const identity = ({ kind, metadata: { namespace = '', name } }: KubeObject): string =>
  `${kind}|${namespace}|${name}`;

async function applyOne(
  kube: KubeClient,
  object: KubeObject,
  { force, signal }: InstallOptions,
): Promise<string> {
  try {
    return await applyObject(kube, object, { fieldManager: installManager, force, signal });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new RefusedError(`${describeObject(object)} is there, and others set fields of it otherwise.`, {
      details: [messageOf(error)],
      hint: '--force-conflicts puts ours in their place.',
      cause: error,
    });
  }
}

/**
 * Removes the certificate of a page that is not served any more, unless it is somebody else's. To be called once no pod
 * serves the page: one that does makes the certificate anew.
 */
export async function removeCertificate(
  kube: KubeClient,
  options: Pick<InstallOptions, 'did' | 'signal'>,
): Promise<void> {
  for (const [resource, object] of await ours(kube, certificateKind, options))
    await remove(kube, resource, object, options);
}

/** Objects of a kind that belong to the controller, in all namespaces. */
async function ours(
  kube: KubeClient,
  kind: string,
  { signal }: CallOptions,
): Promise<[Resource, KubeObject][]> {
  const resource: Resource = await resolveResource(kube, kind, { signal });
  const { items } = await kube.list(resource, { labelSelector: selectorOf(installLabels), signal });
  return items.map((object) => [resource, object]);
}

async function remove(
  kube: KubeClient,
  resource: Resource,
  object: KubeObject,
  { did, signal }: Pick<InstallOptions, 'did' | 'signal'>,
): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  if (await kube.delete(resource, { name, namespace }, { uid, signal }))
    did(`${describeObject(object)} deleted`);
}

/** Resolves when all pods run the installed version and are ready; says why they are not. */
export async function rolledOut(
  kube: KubeClient,
  timeoutMs: number,
  { signal, clock }: CallOptions & { readonly clock: Clock },
): Promise<void> {
  interface Rollout extends KubeObject {
    spec: { replicas?: number };
    status?: {
      observedGeneration?: number;
      updatedReplicas?: number;
      availableReplicas?: number;
      replicas?: number;
    };
  }
  const isDone = (object: Rollout | undefined): true | undefined => {
    const {
      observedGeneration = 0,
      updatedReplicas = 0,
      availableReplicas = 0,
      replicas = 0,
    } = object?.status ?? {};
    const wanted = object?.spec.replicas ?? 0;
    const isSeen = observedGeneration >= (object?.metadata.generation ?? 0);
    return (
      (isSeen && updatedReplicas === wanted && availableReplicas === wanted && replicas === wanted) ||
      undefined
    );
  };
  const place = { namespace: stateNamespace, name: controllerName };
  try {
    const resource = deployments as Resource as Resource<Rollout>;
    await waitFor(kube, resource, place, isDone, { timeoutMs, signal, clock });
  } catch (error) {
    if (!(error instanceof X8sError) || signal?.aborted) throw error;
    const trouble = await podTrouble(kube, { signal });
    throw new X8sError(messageOf(error), {
      details: [...error.details, ...trouble],
      hint: `kubectl -n ${stateNamespace} logs deploy/${controllerName}; the installation stays as it is`,
      cause: error,
    });
  }
}

/** Why pods do not run, one line each. */
async function podTrouble(kube: KubeClient, call: CallOptions): Promise<string[]> {
  const labelSelector = selectorOf(installLabels);
  const { items } = await kube.list(pods, { namespace: stateNamespace, labelSelector, ...call });
  return items.flatMap(({ metadata: { name }, status }) =>
    (status?.containerStatuses ?? []).flatMap(({ state, lastState }) => {
      const reasons = [state?.waiting, lastState?.terminated].filter((one) => one !== undefined);
      return reasons.map(({ reason = '', message = '' }) => `pod ${name}: ${reason} ${message}`.trim());
    }),
  );
}

/**
 * Resolves once no pod is left: the one that leads needs its rights until it has written that its tasks ended. Of pods
 * that do not end in time, as those of a node that is away, that is said.
 */
async function podsGone(
  kube: KubeClient,
  { signal, clock, warn }: Pick<UninstallOptions, 'signal' | 'clock' | 'warn'>,
): Promise<void> {
  const labelSelector = selectorOf(installLabels);
  const { items } = await kube.list(pods, { namespace: stateNamespace, labelSelector, signal });
  const gone = async ({ metadata: { name, uid } }: KubeObject) => {
    const place = { namespace: stateNamespace, name };
    try {
      await waitGone(kube, pods, place, { uid, timeoutMs: PODS_LIMIT_MS, signal, clock });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      warn(`pod ${name} has not ended: what it works on may stay told as at work`);
    }
  };
  await Promise.all(items.map(gone));
}

/** How many KRMSyncers there are; 0 where the cluster does not know them. */
export async function countSyncers(kube: KubeClient, call: CallOptions = {}): Promise<number> {
  try {
    return (await kube.list(krmSyncers, { metadataOnly: true, ...call })).items.length;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

/** Nobody is there any more who would delete their copies, and nothing would let them go. */
async function releaseSyncers(
  kube: KubeClient,
  { did, signal }: CallOptions & Pick<InstallOptions, 'did'>,
): Promise<void> {
  const { items } = await kube.list(krmSyncers, { metadataOnly: true, signal }).catch((error: unknown) => {
    if (isNotFound(error)) return { items: [] };
    throw error;
  });
  for (const syncer of items.filter(({ metadata }) => metadata.finalizers?.includes(copiesFinalizer))) {
    await setFinalizer(kube, syncer, false, signal);
    did(`KRMSyncer ${placeOf(syncer)} let go of: its copies stay`);
  }
}

/** A pod gets thirty seconds to end, the default of its grace period; what is left is for whoever stops it. */
const PODS_LIMIT_MS = 45_000;

interface UninstallOptions extends CallOptions, Pick<InstallOptions, 'did'> {
  readonly clock: Clock;
  /** Remove the definition, too. */
  readonly definition: boolean;
  readonly warn: (text: string) => void;
}

/** Removes all but the namespace with the tasks' state and, unless that is asked for, the definition. */
export async function uninstall(kube: KubeClient, options: UninstallOptions): Promise<void> {
  for (const [resource, object] of await ours(kube, deploymentKind, options))
    await remove(kube, resource, object, options);
  await podsGone(kube, options);
  for (const kind of kinds)
    for (const [resource, object] of await ours(kube, kind, options))
      await remove(kube, resource, object, options);
  await releaseSyncers(kube, options);
  if (!options.definition) return;
  const [, object] = (await ours(kube, 'customresourcedefinitions.apiextensions.k8s.io', options))[0] ?? [];
  if (object) await remove(kube, definitions, object, options);
}
