/** Pods for syncs in which several containers take part. */
import type { Pod } from '../../../../../src/kube/api/objects.ts';

export interface PodOptions {
  readonly ready?: boolean;
  readonly claim?: string;
  readonly state?: object;
  readonly leaving?: boolean;
  readonly uid?: string;
  /** What of the volume each container mounts; all of it where none is given. */
  readonly subPaths?: Readonly<Record<string, string>>;
}

/** A pod with two containers, which mount one volume at /data; its age is its number. */
export function pod(
  number: number,
  { ready = true, claim, state, leaving, uid = `u${number}`, subPaths = {} }: PodOptions = {},
): Pod {
  const names = ['app', 'proxy'];
  return {
    metadata: {
      name: `web-${number}`,
      namespace: 'shop',
      labels: { app: 'web' },
      uid,
      creationTimestamp: `2026-01-01T00:00:0${number}Z`,
      ...(leaving && { deletionTimestamp: '2026-01-02T00:00:00Z' }),
    },
    spec: {
      containers: names.map((name) => ({
        name,
        volumeMounts: [
          { name: 'data', mountPath: '/data', ...(subPaths[name] && { subPath: subPaths[name] }) },
        ],
      })),
      volumes: [
        claim === undefined
          ? { name: 'data', emptyDir: {} }
          : { name: 'data', persistentVolumeClaim: { claimName: claim } },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: names.map((name) => ({
        name,
        ready,
        containerID: state ? '' : `containerd://${uid}-${name}`,
        imageID: 'i',
        state: state ?? { running: {} },
      })),
    },
  } as unknown as Pod;
}
