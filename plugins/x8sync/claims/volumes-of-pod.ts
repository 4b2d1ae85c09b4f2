/** Which claims a pod mounts. */
import type { PodSpec } from '../../../src/kube/api/objects.ts';

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
