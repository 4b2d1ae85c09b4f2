/** What REMOTE lives on: the container's own layer, which goes with the container, or a volume. */
import { isForbidden, isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { persistentVolumeClaims } from '../../../../src/kube/api/resources.ts';
import { containerOf } from '../../launch/containers.ts';
import type { Target } from '../../launch/launcher.ts';

export interface Location {
  /** Differs wherever the content is another one. */
  readonly id: string;
  /** What the content begins with in a new pod is the same wherever this is; undefined where it persists. */
  readonly origin: string | undefined;
  /** What a container may write there by itself when it begins is the same wherever this is. */
  readonly seed: string;
  /** The content is still there when the container is started again. */
  readonly survivesRestart: boolean;
  /** For people. */
  readonly description: string;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

/** @param root the root without links, as the container sees it. */
export async function locate(
  kube: KubeClient,
  target: Target,
  root: string,
  signal: AbortSignal,
): Promise<Location> {
  const mount = mountOf(target, root);
  if (mount === undefined) {
    const origin = `image ${target.imageId} ${root}`;
    return {
      id: `container ${target.containerId} ${root}`,
      origin,
      seed: origin,
      survivesRestart: false,
      description: "the container's own layer: it goes with the container",
    };
  }
  const volume = target.pod.spec.volumes?.find(({ name }) => name === mount.name);
  const within = `${mount.subPath ?? ''} ${root}`;
  const claim = volume?.persistentVolumeClaim?.claimName;
  if (claim === undefined) {
    const origin = `image ${target.imageId} volume ${mount.name} ${within}`;
    return {
      id: `pod ${target.pod.metadata.uid} volume ${mount.name} ${within}`,
      origin,
      seed: origin,
      survivesRestart: true,
      description: `volume ${mount.name}: it goes with the pod`,
    };
  }
  const uid = await claimUid(kube, target.namespace, claim, signal);
  const id = `claim ${uid} ${within}`;
  return {
    id,
    origin: undefined,
    seed: `image ${target.imageId} ${id}`,
    survivesRestart: true,
    description: `claim ${claim}: it stays`,
  };
}

/** The mount that a directory lies in; undefined: in the container's own layer. */
export function mountOf({ pod, container }: Target, root: string): VolumeMount | undefined {
  const mounts = (containerOf(pod, container)?.volumeMounts ?? []) as VolumeMount[];
  const holding = mounts.filter(({ mountPath }) =>
    `${root}/`.startsWith(`${mountPath.replace(/\/+$/, '')}/`),
  );
  return holding.sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

/** Who may not read claims gets the name, which is not quite as good: a claim may be made anew. */
async function claimUid(
  kube: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await kube.get(persistentVolumeClaims, { namespace, name }, { signal })).metadata.uid ?? name;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return `named ${name}`;
    throw error;
  }
}
