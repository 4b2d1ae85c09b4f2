/** The lab's own controllers: volumes, load balancers and network policies for both clusters, in one process. */
import { clusters } from '../config.ts';
import { Api } from '../kube.ts';
import { serveLoadBalancers } from './balancer.ts';
import { serveVolumes } from './provisioner.ts';

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => process.exit(0));
// One broken object must not stop the rest.
process.on('unhandledRejection', (reason) => log('agent', String(reason)));

function log(part: string, line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${part}: ${line}\n`);
}

for (const cluster of clusters) {
  const api = new Api(cluster.name);
  const context = { api, cluster, signal: stop.signal, log: (line: string) => log(cluster.name, line) };
  serveVolumes(context);
  serveLoadBalancers(context);
}
