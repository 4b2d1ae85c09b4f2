/** What objects count against the quotas of their namespace, and which of these they would exceed. Pure. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { at, groupKind, items, type Json } from '../objects/draft.ts';

/**
 * By the names that ResourceQuotas use (kubernetes.io, "Resource Quotas"), in thousandths: `pods`, `requests.cpu`,
 * `count/deployments.apps`.
 */
export type Usage = ReadonlyMap<string, bigint>;

const ONE = 1000n;

/** A quantity in thousandths: processors are given so. */
function thousandths(text: unknown): bigint {
  const quantity = String(text ?? '0');
  if (/^\d+m$/.test(quantity)) return BigInt(quantity.slice(0, -1));
  if (/^\d*\.?\d+$/.test(quantity)) return parseQuantity(`${quantity}k`);
  return parseQuantity(quantity) * ONE;
}

/** Kinds that also have a short name of their own in quotas. */
const counted = new Set([
  'ConfigMap',
  'Secret',
  'Service',
  'PersistentVolumeClaim',
  'ReplicationController',
  'ResourceQuota',
]);

/**
 * What one new object counts. Of a workload it is what its pods ask for together, as far as its template says; defaults of
 * a LimitRange are not known here, so it is the least that they can be.
 */
export function usageOf(object: KubeObject, resource: Resource): Usage {
  const usage = new Map<string, bigint>();
  const add = (name: string, amount: bigint) => usage.set(name, (usage.get(name) ?? 0n) + amount);
  const kind = groupKind(object);
  add(`count/${resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`}`, ONE);
  if (counted.has(kind)) add(resource.plural, ONE);
  if (kind === 'PersistentVolumeClaim') addClaim(add, object, 1n);
  if (kind === 'Service') addService(add, object);
  const pods = podsOf(kind, object);
  if (pods > 0n) {
    for (const claim of items(object, 'spec', 'volumeClaimTemplates')) {
      add('persistentvolumeclaims', ONE * pods);
      addClaim(add, claim, pods);
    }
    addPods(add, at(object, 'spec', 'template', 'spec'), pods);
  }
  return usage;
}

type Add = (name: string, amount: bigint) => void;

function addClaim(add: Add, claim: unknown, number: bigint): void {
  const storage = thousandths(at(claim, 'spec', 'resources', 'requests', 'storage')) * number;
  add('requests.storage', storage);
  const name = at(claim, 'spec', 'storageClassName');
  if (typeof name !== 'string' || name === '') return;
  add(`${name}.storageclass.storage.k8s.io/requests.storage`, storage);
  add(`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE * number);
}

function addService(add: Add, service: KubeObject): void {
  const type = at(service, 'spec', 'type');
  if (type === 'LoadBalancer') add('services.loadbalancers', ONE);
  if (type === 'NodePort' || type === 'LoadBalancer')
    add('services.nodeports', ONE * BigInt(items(service, 'spec', 'ports').length));
}

/** How many pods its controller makes at once; a DaemonSet's depend on the nodes, a CronJob's on the time. */
function podsOf(kind: string, object: KubeObject): bigint {
  if (kind === 'Deployment.apps' || kind === 'StatefulSet.apps')
    return BigInt(Number(at(object, 'spec', 'replicas') ?? 1));
  if (kind === 'Job.batch' && at(object, 'spec', 'suspend') !== true)
    return BigInt(Number(at(object, 'spec', 'parallelism') ?? 1));
  return 0n;
}

function addPods(add: Add, pod: unknown, number: bigint): void {
  add('pods', ONE * number);
  add('count/pods', ONE * number);
  const containers = items(pod, 'containers');
  for (const what of ['cpu', 'memory', 'ephemeral-storage']) {
    const sum = (of: string) =>
      containers.reduce((total, one) => total + thousandths(asked(one, of, what)), 0n) * number;
    add(`limits.${what}`, sum('limits'));
    const requests = sum('requests');
    add(`requests.${what}`, requests);
    add(what, requests);
  }
}

/** A limit is a request where no other one is given. */
const asked = (container: Json, of: string, what: string): unknown =>
  at(container, 'resources', of, what) ??
  (of === 'requests' ? at(container, 'resources', 'limits', what) : '0');

/** Several objects together. */
export function sumOf(usages: Iterable<Usage>): Usage {
  const sum = new Map<string, bigint>();
  for (const usage of usages)
    for (const [name, amount] of usage) sum.set(name, (sum.get(name) ?? 0n) + amount);
  return sum;
}

/** Lines for what of a ResourceQuota would be exceeded: `pods: 9 are used and 2 more come, of 10`. */
export function exceeded(quota: KubeObject, more: Usage): string[] {
  const hard = at(quota, 'status', 'hard') ?? at(quota, 'spec', 'hard');
  if (typeof hard !== 'object' || hard === null) return [];
  return Object.entries(hard).flatMap(([name, limit]) => {
    const [used, coming] = [thousandths(at(quota, 'status', 'used', name)), more.get(name) ?? 0n];
    if (coming === 0n || used + coming <= thousandths(limit)) return [];
    return `${name}: ${at(quota, 'status', 'used', name) ?? 0} used and ${amountOf(coming)} more, of ${limit}`;
  });
}

/** Whether a quota counts only some objects, which can't be told from a template alone. */
export const isScoped = (quota: KubeObject): boolean =>
  at(quota, 'spec', 'scopes') !== undefined || at(quota, 'spec', 'scopeSelector') !== undefined;

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** `2`, `1500m`, `3Gi`. */
function amountOf(amount: bigint): string {
  if (amount % ONE !== 0n) return `${amount}m`;
  let [value, suffix] = [amount / ONE, 0];
  while (value !== 0n && value % 1024n === 0n && suffix < binary.length - 1) {
    value /= 1024n;
    suffix++;
  }
  return `${value}${binary[suffix]}`;
}
