/** By which class a snapshot of a claim is made: the driver of its volume decides. */
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden, isNotFound } from '../../../src/kube/api/api-error.ts';
import type { VolumeSnapshotClass } from '../../../src/kube/api/objects.ts';
import { persistentVolumes, storageClasses, volumeSnapshotClasses } from '../../../src/kube/api/resources.ts';
import { type ClaimState, describeClaim } from '../claims/claim.ts';

const defaultAnnotation = 'snapshot.storage.kubernetes.io/is-default-class';
const provisionerAnnotation = 'pv.kubernetes.io/provisioned-by';
const cloneHint = '--clone makes a clone of the claim instead, where its driver can; else leave it out';

/**
 * The class for a claim's snapshot; undefined where this user may not see the classes, and the cluster's default is
 * taken.
 *
 * @param wished by the person.
 * @throws RefusedError where no snapshot can be made: the cluster knows none, or there is no class for the driver.
 */
export async function snapshotClassFor(
  source: ClaimState,
  wished: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { kube } = source.ref;
  try {
    const [{ items }, driver] = await Promise.all([
      kube.list(volumeSnapshotClasses, { signal }),
      driverOf(source, signal),
    ]);
    return chooseClass(items, driver, wished, describeClaim(source.ref));
  } catch (error) {
    if (isForbidden(error)) return wished;
    if (!isNotFound(error)) throw error;
    throw new RefusedError(
      `${kube.cluster.context} knows no VolumeSnapshots: the CRDs of external-snapshotter are not installed`,
      { hint: cloneHint },
    );
  }
}

/** Who made the volume; undefined where nobody says so that this user may ask. */
async function driverOf(
  { ref: { kube }, object }: ClaimState,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { volumeName, storageClassName } = object.spec;
  try {
    const volume = volumeName
      ? await kube.find(persistentVolumes, { name: volumeName }, { signal })
      : undefined;
    const { driver } = (volume?.spec.csi ?? {}) as { driver?: string };
    const known = driver ?? volume?.metadata.annotations?.[provisionerAnnotation];
    if (known !== undefined || !storageClassName) return known;
    return (await kube.find(storageClasses, { name: storageClassName }, { signal }))?.provisioner;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/**
 * Pure: the wished one, or the driver's default, or its only one.
 *
 * @param claim whose snapshot it is, in words.
 * @throws RefusedError where there is none, or several and no default.
 */
export function chooseClass(
  classes: readonly VolumeSnapshotClass[],
  driver: string | undefined,
  wished: string | undefined,
  claim: string,
): string | undefined {
  const names = (some: readonly VolumeSnapshotClass[]) =>
    some.map(({ metadata: { name } }) => name).join(', ');
  if (wished !== undefined) return checkWished(classes, driver, wished, claim);
  // The cluster's own choice is by the driver too.
  if (driver === undefined && classes.length > 0) return undefined;
  const fitting = classes.filter((one) => one.driver === driver);
  const defaults = fitting.filter(({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true');
  const [only, ...others] = defaults.length > 0 ? defaults : fitting;
  if (!only)
    throw new RefusedError(
      `no snapshot of ${claim} can be made: there is no VolumeSnapshotClass for its driver, ${driver ?? 'unknown'}`,
      {
        details: classes.map(({ metadata, driver: of }) => `${metadata.name} is for ${of}`),
        hint: cloneHint,
      },
    );
  if (others.length === 0) return only.metadata.name;
  throw new RefusedError(`several VolumeSnapshotClasses are for the driver of ${claim}, ${driver}`, {
    hint: `choose one with --snapshot-class: ${names([only, ...others])}`,
  });
}

function checkWished(
  classes: readonly VolumeSnapshotClass[],
  driver: string | undefined,
  wished: string,
  claim: string,
): string {
  const found = classes.find(({ metadata }) => metadata.name === wished);
  if (!found)
    throw new RefusedError(`there is no VolumeSnapshotClass ${wished}`, {
      hint: `there are ${classes.map(({ metadata }) => metadata.name).join(', ') || 'none'}`,
    });
  if (driver === undefined || found.driver === driver) return wished;
  throw new RefusedError(
    `VolumeSnapshotClass ${wished} is for driver ${found.driver}, and the volume of ${claim} is of ${driver}`,
  );
}
