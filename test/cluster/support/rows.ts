/** A workload that keeps rows in its claim, and a client that writes them the whole time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../../../plugins/x8sync/cutover/readiness.ts';
import { resourceOf } from '../../../plugins/x8sync/cutover/workloads.ts';
import { deployments } from '../../../src/kube/api/resources.ts';
import { apply, becomes } from './clients.ts';
import { kubectl } from './kubectl.ts';
import { moverImage } from './mover.ts';

/** Answers once a row is on disk. As process 1 it would hear no SIGTERM by itself. */
const server = `
const fs = require('fs');
process.on('SIGTERM', () => process.exit());
const file = fs.openSync('/data/rows', 'a');
require('http').createServer(({ method, url }, response) => {
  if (method === 'POST') { fs.writeSync(file, url.slice(1) + '\\n'); fs.fsyncSync(file); }
  response.end('ok');
}).listen(8080);
`;

/** Five hundred small files, of which the oldest goes and a new one comes all the time. */
const churn = `
const fs = require('fs');
process.on('SIGTERM', () => process.exit());
let [first, last] = [0, 0];
setInterval(() => {
  fs.writeFileSync('/data/file-' + last++, 'x');
  if (last - first > 500) fs.unlinkSync('/data/file-' + first++);
}, 2);
require('http').createServer((_, response) => response.end('ok')).listen(8080);
`;

export interface Place {
  readonly context: string;
  readonly namespace: string;
}

/** A Deployment with a claim at /data, in which files come and go. */
export const deployChurn = (place: Place, name: string, claim: string): Promise<void> =>
  deploy(place, name, claim, 1, churn);

/** A Deployment with a claim at /data that keeps rows there, and a Service with a node port in front of it. */
export const deployRows = (place: Place, name: string, claim: string, replicas: number): Promise<void> =>
  deploy(place, name, claim, replicas, server);

async function deploy(
  { context, namespace }: Place,
  name: string,
  claim: string,
  replicas: number,
  program: string,
): Promise<void> {
  const labels = { app: name };
  const container = {
    name: 'app',
    image: moverImage,
    command: ['node', '-e', program],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  const spec = {
    terminationGracePeriodSeconds: 5,
    containers: [container],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
  };
  const template = { metadata: { labels }, spec };
  await apply(context, namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, strategy: { type: 'Recreate' }, selector: { matchLabels: labels }, template },
  });
  await apply(context, namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 8080 }] },
  });
  if (replicas > 0)
    await kubectl(context, ['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s']);
}

export async function replicasOf({ context, namespace }: Place, name: string): Promise<number> {
  const path = 'jsonpath={.spec.replicas}';
  return Number(await kubectl(context, ['-n', namespace, 'get', `deployment/${name}`, '-o', path]));
}

/** Where its Service answers, from outside of the cluster. */
export async function addressOf({ context, namespace }: Place, name: string): Promise<string> {
  const port = 'jsonpath={.spec.ports[0].nodePort}';
  const host = 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const [nodePort, address] = await Promise.all([
    kubectl(context, ['-n', namespace, 'get', `service/${name}`, '-o', port]),
    kubectl(context, ['get', 'nodes', '-o', host]),
  ]);
  return `http://${address}:${nodePort}`;
}

/** Resolves with the time at which a Deployment is to have no pods, by `performance.now()`. */
export async function scaledDown({ context, namespace }: Place, name: string): Promise<number> {
  await becomes(context, deployments, { namespace, name }, ({ spec }) => spec?.replicas === 0);
  return performance.now();
}

/** Resolves with the time at which a Deployment says that its pods are ready, by `performance.now()`. */
export async function saidReady({ context, namespace }: Place, name: string): Promise<number> {
  const workload = { kind: 'Deployment', replicas: 1 } as const;
  await becomes(context, resourceOf(workload), { namespace, name }, (now) => isReady(now, workload));
  return performance.now();
}

/** A time in which no row was acknowledged, by `performance.now()`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface Writer extends Disposable {
  /** Rows that were acknowledged, in order. */
  readonly acknowledged: readonly number[];
  /** The longest time between two of them. */
  longestGap(): Gap;
  stop(): Promise<void>;
}

/** Writes row after row to whichever of these addresses answers. */
export function startWriter(addresses: readonly string[]): Writer {
  const acknowledged: number[] = [];
  const times: number[] = [];
  let running = true;
  const write = async () => {
    for (let row = 1; running; row += 1) {
      for (const address of addresses) {
        if (!(await isAcknowledged(`${address}/${row}`))) continue;
        acknowledged.push(row);
        times.push(performance.now());
        break;
      }
      await sleep(30);
    }
  };
  const ended = write();
  return {
    acknowledged,
    longestGap: () =>
      times
        .slice(1)
        .map((to, index) => ({ from: times[index] ?? 0, to }))
        .reduce((longest, gap) => (gap.to - gap.from > longest.to - longest.from ? gap : longest)),
    stop: () => {
      running = false;
      return ended;
    },
    [Symbol.dispose]: () => {
      running = false;
    },
  };
}

async function isAcknowledged(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(500) });
    return ok;
  } catch {
    return false;
  }
}
