/** Which claims a pod mounts, and with which label. */
import type { Pod, PodSpec } from '../../../src/kube/api/objects.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];

/**
 * The claim behind a volume; undefined where there is none. A generic ephemeral volume has one of its own, which is
 * named after the pod and the volume.
 *
 * @param pod name; unknown in a template.
 */
export function claimNameOf(
  { name, persistentVolumeClaim, ephemeral }: Volume,
  pod?: string,
): string | undefined {
  if (persistentVolumeClaim) return persistentVolumeClaim.claimName;
  return ephemeral !== undefined && pod !== undefined ? `${pod}-${name}` : undefined;
}

export function claimNamesOf(spec: Pick<PodSpec, 'volumes'> | undefined, pod?: string): string[] {
  const names = (spec?.volumes ?? []).map((volume) => claimNameOf(volume, pod));
  return names.filter((name) => name !== undefined);
}

interface Secured {
  readonly securityContext?: { readonly seLinuxOptions?: { readonly level?: string } };
}

interface Mounting extends Secured {
  readonly volumeMounts?: readonly { readonly name: string; readonly readOnly?: boolean }[];
  readonly volumeDevices?: readonly { readonly name: string }[];
}

/**
 * The SELinux level of the container that mounts a claim, which the runtime gives to what is in the volume; undefined where
 * the pod names none, and the runtime chooses one for it.
 */
export function seLinuxLevelIn(
  { metadata, spec }: Pick<Pod, 'metadata' | 'spec'>,
  claim: string,
): string | undefined {
  const volumes = (spec.volumes ?? []).filter((volume) => claimNameOf(volume, metadata.name) === claim);
  const names = volumes.map(({ name }) => name);
  const mounting = (spec.containers as readonly Mounting[]).filter(
    ({ volumeMounts = [], volumeDevices = [] }) =>
      [...volumeMounts, ...volumeDevices].some(({ name }) => names.includes(name)),
  );
  const levels = [...mounting, spec as Secured].map(
    ({ securityContext }) => securityContext?.seLinuxOptions?.level,
  );
  return levels.find((level) => level !== undefined);
}

/**
 * Whether a pod that has a claim may write to it: neither the claim nor all of its mounts are read-only. A device has no
 * mount, and is read-only where its claim is named.
 */
export function mayWrite({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>, claim: string): boolean {
  const volumes = (spec.volumes ?? []).filter((volume) => claimNameOf(volume, metadata.name) === claim);
  return volumes.some(({ name, persistentVolumeClaim }) => {
    if ((persistentVolumeClaim as { readOnly?: boolean } | undefined)?.readOnly) return false;
    const mounts = containersOf(spec)
      .flatMap(({ volumeMounts = [] }) => volumeMounts)
      .filter((mount) => mount.name === name);
    return mounts.length === 0 || mounts.some(({ readOnly }) => readOnly !== true);
  });
}

/** All that may mount something, those included that begin before the others or were added later. */
function containersOf(spec: PodSpec): readonly Mounting[] {
  const {
    initContainers = [],
    containers,
    ephemeralContainers = [],
  } = spec as Record<string, readonly Mounting[] | undefined>;
  return [...initContainers, ...(containers ?? []), ...ephemeralContainers];
}
