/** The lab's own controllers: volumes, load balancers and network policies for both clusters, in one process. */
import { clusters, nodeNamed } from '../config.ts';
import { Api } from '../kube.ts';
import { serveAnnouncements } from './announcements.ts';
import { serveLoadBalancers } from './balancer.ts';
import { servePolicies } from './policies.ts';
import { serveVolumes } from './provisioner.ts';

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => process.exit(0));
// One broken object must not stop the rest.
process.on('unhandledRejection', (reason) => log('agent', String(reason)));

function log(part: string, line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${part}: ${line}\n`);
}

const policies = new Map(
  clusters.map((cluster) => {
    const api = new Api(cluster.name);
    const context = { api, cluster, signal: stop.signal, log: (line: string) => log(cluster.name, line) };
    serveVolumes(context);
    serveLoadBalancers(context);
    return [cluster.name, servePolicies(context)];
  }),
);
serveAnnouncements(async (pod) => policies.get(nodeNamed(pod.node).cluster)?.announce(pod));
