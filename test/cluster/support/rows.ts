/** A workload that keeps rows in its claim, and a client that writes them the whole time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../../../plugins/x8sync/cutover/readiness.ts';
import { resourceOf } from '../../../plugins/x8sync/cutover/workloads.ts';
import type { WorkloadKind } from '../../../plugins/x8sync/records/cutover-state.ts';
import { deployments, pods } from '../../../src/kube/api/resources.ts';
import { apply, becomes, get } from './clients.ts';
import { kubectl } from './kubectl.ts';
import { moverImage } from './mover.ts';
import type { Scene } from './scene.ts';

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
  deploy(place, name, churn, 1, byDeployment(claim));

/** A Deployment with a claim at /data that keeps rows there, and a Service with a node port in front of it. */
export const deployRows = (place: Place, name: string, claim: string, replicas: number): Promise<void> =>
  deploy(place, name, server, replicas, byDeployment(claim));

/**
 * The same as a StatefulSet, which makes its claim `data-NAME-0` itself where there is none.
 *
 * @param labels of the StatefulSet, beside those of its pods.
 */
export const deployRowsOfSet = (
  place: Place,
  name: string,
  replicas: number,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> => deploy(place, name, server, replicas, bySet(name, labels));

/** What of a workload is a matter of its kind. */
interface Shape {
  readonly kind: WorkloadKind;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: object;
  readonly volumes: readonly object[];
}

const byDeployment = (claimName: string): Shape => ({
  kind: 'Deployment',
  spec: { strategy: { type: 'Recreate' } },
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
});

const bySet = (serviceName: string, labels: Readonly<Record<string, string>>): Shape => {
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '256Mi' } } };
  const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }];
  return { kind: 'StatefulSet', labels, spec: { serviceName, volumeClaimTemplates }, volumes: [] };
};

async function deploy(
  { context, namespace }: Place,
  name: string,
  program: string,
  replicas: number,
  { kind, labels: own, spec: more, volumes }: Shape,
): Promise<void> {
  const labels = { app: name };
  const container = {
    name: 'app',
    image: moverImage,
    command: ['node', '-e', program],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  const spec = { terminationGracePeriodSeconds: 5, containers: [container], volumes };
  const template = { metadata: { labels }, spec };
  await apply(context, namespace, {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, labels: own },
    spec: { replicas, ...more, selector: { matchLabels: labels }, template },
  });
  await apply(context, namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 8080 }] },
  });
  if (replicas > 0)
    await kubectl(context, ['-n', namespace, 'rollout', 'status', `${kind}/${name}`, '--timeout=180s']);
}

export async function replicasOf(
  { context, namespace }: Place,
  name: string,
  kind: WorkloadKind = 'Deployment',
): Promise<number> {
  const path = 'jsonpath={.spec.replicas}';
  return Number(await kubectl(context, ['-n', namespace, 'get', `${kind}/${name}`, '-o', path]));
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

/** Resolves with the time at which the pod of a workload is told to end, by `performance.now()`. */
export async function toldToEnd({ context, namespace }: Place, name: string): Promise<number> {
  const [pod] = await get(context, namespace, 'pods', `app=${name}`);
  const ref = { namespace, name: pod?.metadata.name ?? '' };
  await becomes(context, pods, ref, ({ metadata }) => metadata.deletionTimestamp !== undefined);
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
  /** From the last row that the first address acknowledged until the first one of the second. */
  gap(): Gap;
  stop(): Promise<void>;
}

/** Writes row after row to whichever of these addresses answers. */
export function startWriter(addresses: readonly string[]): Writer {
  const acknowledged: number[] = [];
  /** When, and by which address, as its place in the list. */
  const answers: { readonly at: number; readonly by: number }[] = [];
  let running = true;
  const write = async () => {
    for (let row = 1; running; row += 1) {
      for (const [by, address] of addresses.entries()) {
        if (!(await isAcknowledged(`${address}/${row}`))) continue;
        acknowledged.push(row);
        answers.push({ at: performance.now(), by });
        break;
      }
      await sleep(30);
    }
  };
  const ended = write();
  return {
    acknowledged,
    gap: () => {
      const [before, after] = [answers.filter(({ by }) => by === 0), answers.filter(({ by }) => by === 1)];
      return { from: before.at(-1)?.at ?? Number.NaN, to: after[0]?.at ?? Number.NaN };
    },
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

/** The numbers of the rows that a claim has, in the order of writing. */
export async function rowsIn(scene: Scene, context: string, claim: string): Promise<number[]> {
  return (await scene.inspect(context, claim, 'cat rows')).trim().split('\n').map(Number);
}
