/** Servers for benchmarks of nsreplicate, and what is put on them. */
import { type Cluster, identify } from '../../plugins/nsreplicate/clusters/cluster.ts';
import { listPages } from '../../src/kube/api/list.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import type { Resource } from '../../src/kube/api/resources.ts';
import { each, makeNamespace, type Sides } from '../cluster/support/replication.ts';
import { type SoloOptions, type SoloServer, startSolo } from '../cluster/support/solo-server.ts';

export const only = (prefix: string) => ({
  include: [`${prefix}-*`],
  exclude: [],
  selector: [],
  sensitive: false,
});
/** Some 700 characters that differ by a number. */
export const text = (index: number) => `${'x'.repeat(700)}${index}`;

/** An object of about 1 KB as JSON; every second one a Secret. */
export function object(namespace: string, index: number): KubeObject {
  const value = Buffer.from(text(index)).toString('base64');
  const kind = index % 2 === 0 ? 'ConfigMap' : 'Secret';
  return { apiVersion: 'v1', kind, metadata: { name: `o-${index}`, namespace }, data: { value } };
}

/** Namespaces on the primary, and those of the bare loop on the replicas. */
export async function makePlaces(
  { primary, replicas }: Sides,
  prefix: string,
  count: number,
  copies: readonly string[] = ['bare'],
): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  await each(names, 8, async (name) => {
    await makeNamespace(primary, name);
    for (const replica of replicas)
      for (const copy of copies) await makeNamespace(replica, `${copy}-${name}`);
  });
  return names;
}

/** Servers with nothing in them, each time: what other runs have left would have to be listed too. */
export async function onServers<T>(
  work: (sides: Sides, kubeconfigs: readonly string[], servers: readonly SoloServer[]) => Promise<T>,
  { replicas = ['one', 'two'], ...options }: SoloOptions & { readonly replicas?: readonly string[] } = {},
): Promise<T> {
  const names = ['primary', ...replicas];
  const servers = await Promise.all(names.map((name) => startSolo(name, options)));
  try {
    const clusters = await Promise.all(
      servers.map(async (server) => identify(server.context, await server.client())),
    );
    const [primary, ...others] = clusters as [Cluster, ...Cluster[]];
    return await work(
      { primary, replicas: others },
      servers.map(({ kubeconfig }) => kubeconfig),
      servers,
    );
  } finally {
    await Promise.all(servers.map((server) => server.remove()));
  }
}

/** Lists kinds of all three servers page by page, and does nothing with them. */
export const bareLists = ({ primary, replicas }: Sides, kinds: readonly Resource[]): Promise<unknown> =>
  Promise.all(
    [primary, ...replicas].flatMap(({ kube }) =>
      kinds.map((kind) => listPages(kube, kind, {}, () => undefined)),
    ),
  );

/** How long some work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}
