/** What any copy's objects and pods cost: made side by side, awaited until both run, deleted and awaited. */

import { apply } from '../cluster/support/clients.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import type { Scene } from '../cluster/support/scene.ts';
import { imageNames } from '../lab/index.ts';

const name = 'bare';
const labels = { app: name };

function podSpec(claim: string, restartPolicy: 'Always' | 'Never'): object {
  const container = {
    name,
    image: imageNames.mover,
    command: ['sleep', 'infinity'],
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'keys', mountPath: '/keys' },
    ],
  };
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: claim } },
    { name: 'keys', secret: { secretName: name } },
  ];
  return { restartPolicy, terminationGracePeriodSeconds: 1, containers: [container], volumes };
}

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { key: 'key' } };

function sourceObjects(claim: string): object[] {
  const template = { metadata: { labels }, spec: podSpec(claim, 'Always') };
  const ports = [{ port: 2222 }];
  return [
    secret,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'NodePort', selector: labels, ports },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name },
      spec: { replicas: 1, serviceName: name, selector: { matchLabels: labels }, template },
    },
  ];
}

function targetObjects(claim: string): object[] {
  const template = { metadata: { labels }, spec: podSpec(claim, 'Never') };
  return [secret, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template } }];
}

async function side(context: string, namespace: string, objects: readonly object[]): Promise<void> {
  await apply(context, namespace, ...objects);
  const pods = ['-n', namespace, 'wait', 'pod', '-l', `app=${name}`, '--timeout=60s'];
  // A controller makes its pod a moment later.
  for (;;) {
    try {
      await kubectl(context, [...pods, '--for=condition=Ready']);
      return;
    } catch (error) {
      if (!String(error).includes('no matching resources')) throw error;
    }
  }
}

async function remove(context: string, namespace: string, kinds: string): Promise<void> {
  await kubectl(context, ['-n', namespace, 'delete', kinds, name, '--wait=true']);
  await kubectl(context, [
    '-n',
    namespace,
    'wait',
    'pod',
    '-l',
    `app=${name}`,
    '--for=delete',
    '--timeout=60s',
  ]);
}

/** One round of it. @param scene has a claim of this name in both clusters. */
export async function barePods(scene: Scene, claim: string): Promise<void> {
  const { namespace } = scene;
  await Promise.all([
    side(contextA, namespace, sourceObjects(claim)),
    side(contextB, namespace, targetObjects(claim)),
  ]);
  await Promise.all([
    remove(contextA, namespace, 'statefulset,service,secret'),
    remove(contextB, namespace, 'job,secret'),
  ]);
}
