/** Workloads whose pods really run. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { forever, images } from './devsync.ts';

/** A container that runs until it is told to end. */
export const containers = [{ name: 'main', image: images.plain, command: forever }];
/** A pod of it, with a label that a selector finds. */
export const podOf = (app: string, mounts: readonly object[] = []) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: containers.map((one) => ({ ...one, volumeMounts: mounts })),
  },
});

/** A workload of one such pod. */
export function runningWorkload(
  kind: 'Deployment' | 'StatefulSet',
  name: string,
  spec: object,
  annotations = {},
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, annotations },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: podOf(name),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      ...spec,
    },
  };
}
