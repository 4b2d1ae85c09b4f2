/**
 * Clients of the tests' clusters, one for each context: what tests make and look at goes through these, since a process
 * of kubectl for each look costs the machine more than what it looks at.
 */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { KubeObject, Pod } from '../../../src/kube/api/objects.ts';
import {
  apiVersionOf,
  configMaps,
  namespaces,
  pods,
  type Resource,
  serviceAccounts,
} from '../../../src/kube/api/resources.ts';
import { resourceOf } from '../../../src/kube/cluster/apply-object.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { connect } from '../../../src/kube/connect/connect.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { slowness } from '../../support/slowness.ts';
import { kubeconfig } from './contexts.ts';

/** For what a busy cluster does in seconds, in milliseconds. */
export const patienceMs = 240_000 * slowness();

const clients = new Map<string, Promise<KubeClient>>();

/** The client of a context. Its idle connections keep no process alive: nobody has to close it. */
export function clientOf(context: string): Promise<KubeClient> {
  const known = clients.get(context);
  if (known !== undefined) return known;
  const client = connect({ kubeconfig, context, requestTimeoutMs: 60_000 });
  clients.set(context, client);
  return client;
}

/** Applies objects one after the other, as a person would whose manifests say all. */
export async function apply(context: string, namespace: string, ...objects: object[]): Promise<void> {
  const kube = await clientOf(context);
  for (const object of objects as KubeObject[]) {
    const resource = await resourceOf(kube, object);
    const placed = resource.namespaced ? { ...object, metadata: { namespace, ...object.metadata } } : object;
    await kube.apply(resource, placed, { fieldManager: 'a-person', force: true });
  }
}

/**
 * Lists objects.
 * @param what kinds as kubectl takes them, with commas between
 * @param selector of labels
 */
export async function get<T = { metadata: { name: string; uid: string } }>(
  context: string,
  namespace: string,
  what: string,
  selector?: string,
): Promise<T[]> {
  const kube = await clientOf(context);
  const lists = await Promise.all(
    what.split(',').map(async (kind) => {
      const resource = await resolveResource(kube, kind);
      const { items } = await kube.list(resource, {
        ...(resource.namespaced && { namespace }),
        labelSelector: selector,
      });
      return items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind }));
    }),
  );
  return lists.flat() as T[];
}

/** Resolves with the object once it is there and the check passes. */
export async function becomes<T extends KubeObject>(
  context: string,
  resource: Resource<T>,
  ref: { readonly namespace?: string; readonly name: string },
  check: (object: T) => boolean = () => true,
): Promise<T> {
  const passed = (object: T | undefined) => (object !== undefined && check(object) ? object : undefined);
  return waitFor(await clientOf(context), resource, ref, passed, { timeoutMs: patienceMs });
}

const isReady = (pod: Pod) => isMet(pod, 'Ready');

/** Resolves once the pod is there and ready. */
export async function podIsReady(context: string, namespace: string, name: string): Promise<void> {
  await becomes(context, pods, { namespace, name }, isReady);
}

/**
 * Makes a namespace, with what a cluster puts into each by itself, which a busy one does a while later: no pod is admitted
 * before its service account exists, and who looks at what has been made meanwhile would find the certificates of the
 * cluster among that.
 */
export async function makeNamespace(
  context: string,
  name: string,
  labels: Record<string, string> = {},
): Promise<void> {
  await (await clientOf(context)).create(namespaces, { metadata: { name, labels } });
  await Promise.all([
    becomes(context, serviceAccounts, { namespace: name, name: 'default' }),
    becomes(context, configMaps, { namespace: name, name: 'kube-root-ca.crt' }),
  ]);
}
