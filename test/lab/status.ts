/** Which servers of the lab run, and which do not. */
import { clusters, kubeconfigPath, thirdCluster } from './config.ts';
import { isRunning } from './groups.ts';
import { Api } from './kube.ts';
import { daemonsOf } from './levers/components.ts';
import { linkState } from './levers/link.ts';
import { hasThird } from './third.ts';
import { allDaemons, isUp } from './up.ts';

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly unschedulable?: boolean };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

/** The lab as one object, for people and for `-o json`. */
export interface Status {
  readonly up: boolean;
  readonly kubeconfig?: string;
  readonly stopped: readonly string[];
  readonly clusters: readonly {
    readonly name: string;
    readonly api: string;
    readonly nodes: readonly string[];
  }[];
  readonly link: object;
}

async function statusOf(name: string): Promise<Status['clusters'][number]> {
  const api = new Api(name);
  try {
    const ready = await api.ready();
    const { items } = await api.get<{ items: NodeObject[] }>('/api/v1/nodes');
    return { name, api: ready ? 'ready' : 'not ready', nodes: items.map(describe) };
  } catch (error) {
    return { name, api: error instanceof Error ? error.message : String(error), nodes: [] };
  } finally {
    api.close();
  }
}

function describe({ metadata, spec, status }: NodeObject): string {
  const ready = status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
  return `${metadata.name} ${ready ? 'Ready' : 'NotReady'}${spec.unschedulable ? ', drained' : ''}`;
}

/** Looks at everything. */
export async function status(): Promise<Status> {
  if (!isUp()) return { up: false, stopped: [], clusters: [], link: {} };
  const third = hasThird() ? [thirdCluster] : [];
  const daemons = [...allDaemons(), ...third.flatMap(daemonsOf)];
  return {
    up: true,
    kubeconfig: kubeconfigPath,
    stopped: daemons.map((daemon) => daemon.name).filter((name) => !isRunning(name)),
    clusters: await Promise.all([...clusters, ...third].map((cluster) => statusOf(cluster.name))),
    link: linkState(),
  };
}

/** The same in words. */
export function statusText({ up, kubeconfig, stopped, clusters: found, link }: Status): string {
  if (!up) return 'down\n';
  const lines = [
    `kubeconfig  ${kubeconfig}`,
    ...found.map(
      ({ name, api, nodes }) => `${name.padEnd(12)}API ${api}${nodes.length ? `; ${nodes.join('; ')}` : ''}`,
    ),
    `link        ${Object.keys(link).length > 0 ? JSON.stringify(link) : 'whole'}`,
    ...(stopped.length > 0 ? [`stopped     ${stopped.join(', ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
