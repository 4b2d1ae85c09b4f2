/** Load balancers: an address of the cluster's pool for each Service that asks; kube-proxy serves whatever it is. */
import { loadBalancerPool } from '../config.ts';
import type { KubeObject } from '../kube.ts';
import { Collection, type Context, keyOf, OncePerKey } from './collection.ts';

interface Service extends KubeObject {
  readonly spec: { readonly type?: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** On a Service: it never gets an address, as where a cloud's quota is used up. */
export const pendingAnnotation = 'lab.x8s.dev/pending';

const addressesOf = (service: Service): string[] =>
  (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));

const wantsAddress = (service: Service): boolean =>
  service.spec.type === 'LoadBalancer' &&
  addressesOf(service).length === 0 &&
  !service.metadata.deletionTimestamp &&
  service.metadata.annotations?.[pendingAnnotation] !== 'true';

/** Gives addresses to the Services of one cluster for as long as the agent runs. */
export function serveLoadBalancers(context: Context): void {
  const once = new OncePerKey(context);
  const promised = new Map<string, string>();
  const services = new Collection<Service>(context, '/api/v1/services', (service, gone) => {
    const key = keyOf(service);
    if (gone) promised.delete(key);
    else if (wantsAddress(service)) once.run(key, () => assign(service, key));
  });

  async function assign(service: Service, key: string): Promise<void> {
    const taken = new Set([...services.all().flatMap(addressesOf), ...promised.values()]);
    const pool = Array.from({ length: 250 }, (_, i) => `${loadBalancerPool[context.cluster.name]}.${i + 1}`);
    const address = promised.get(key) ?? pool.find((candidate) => !taken.has(candidate));
    if (!address) throw new Error('all addresses are taken');
    promised.set(key, address);
    const { namespace, name } = service.metadata;
    const status = { loadBalancer: { ingress: [{ ip: address }] } };
    await context.api.patch(`/api/v1/namespaces/${namespace}/services/${name}/status`, { status });
    context.log(`gave ${address} to ${key}`);
  }
}
