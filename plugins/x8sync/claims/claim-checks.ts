/** What must be true of two claims before files are copied from the one to the other. */
import { RefusedError, UsageError, X8sError } from '../../../src/errors.ts';
import { type ClaimRef, type ClaimState, clusterOf, describeClaim, isDevice, usersOf } from './claim.ts';
import { relationOfTrees } from './volume-identity.ts';

/**
 * @param isFrozen a snapshot or a clone of it is mounted in its place.
 * @throws X8sError where nothing can be read from this claim; RefusedError where it is on its way out or in exclusive use. */
export function checkSource(source: ClaimState, isFrozen = false): void {
  const name = describeClaim(source.ref);
  if (source.object.metadata.deletionTimestamp) {
    throw new RefusedError(`source claim ${name} is being deleted, so no further pod can mount it`, {
      hint: 'its volume stays where its reclaim policy is Retain; a new claim with volumeName can read it then',
    });
  }
  if (!source.bound) {
    throw new X8sError(
      `source claim ${name} is ${source.object.status?.phase ?? 'not bound'}, so there is nothing to copy`,
      {
        hint: 'a claim is bound once a volume is behind it; kubectl describe pvc tells what it waits for',
      },
    );
  }
  if (!isFrozen) checkNotExclusive(source);
}

/**
 * @throws RefusedError where writing to this claim could harm: it is in use, or it is the source itself.
 */
export function checkTarget(target: ClaimState, source: ClaimState, allowMounted: boolean): void {
  checkSameMode(source, target);
  const name = describeClaim(target.ref);
  const phase = target.object.status?.phase;
  if (phase === 'Lost') throw new X8sError(`target claim ${name} is Lost: the volume behind it is gone`);
  if (target.object.metadata.deletionTimestamp)
    throw new RefusedError(`target claim ${name} is being deleted`);
  if ((target.object.spec.accessModes ?? []).every((mode) => mode === 'ReadOnlyMany')) {
    throw new RefusedError(`target claim ${name} can only be read (ReadOnlyMany)`);
  }
  checkApart(source, target);
  const users = usersOf(target);
  if (users.length > 0 && !allowMounted) {
    throw new RefusedError(`target claim ${name} is in use by pod ${users.join(', ')}`, {
      hint: 'scale its workload down first, or pass --allow-mounted (not with --cutover) if it can bear files that change under it',
    });
  }
  checkNotExclusive(target);
}

/**
 * A copy within one tree overwrites what it reads.
 *
 * @throws RefusedError where the two are one volume, or the one lies in the other.
 */
export function checkApart(source: ClaimState, target: ClaimState): void {
  const names = `${describeClaim(source.ref)} and ${describeClaim(target.ref)}`;
  const relation = relationOfTrees(source.tree, target.tree);
  const same = target.uid === source.uid || (target.volume !== undefined && target.volume === source.volume);
  if (same || relation === 'same') throw oneVolume(source.ref, target.ref);
  if (relation !== 'source in target' && relation !== 'target in source') return;
  const [inner, outer] = relation === 'source in target' ? [source, target] : [target, source];
  throw new RefusedError(`the volume of the one claim is a folder in that of the other: ${names}`, {
    details: [
      `${inner.tree?.path} of ${describeClaim(inner.ref)} lies in ${outer.tree?.path} of ${describeClaim(outer.ref)}`,
    ],
    hint: 'a copy within one tree would overwrite what it reads',
  });
}

const oneVolume = (source: ClaimRef, target: ClaimRef): RefusedError =>
  new RefusedError(
    `source and target are the same volume: ${describeClaim(source)} and ${describeClaim(target)}`,
  );

/**
 * Asked before anything else is said of the two: that one was moved to the other is no matter where both are one.
 *
 * @throws RefusedError where both names lead to one claim.
 */
export async function requireTwoClaims(
  source: ClaimRef,
  target: ClaimRef,
  signal: AbortSignal,
): Promise<void> {
  if (source.namespace !== target.namespace || source.claim !== target.claim) return;
  const [from, to] = await Promise.all([clusterOf(source, signal), clusterOf(target, signal)]);
  if (from === to) throw oneVolume(source, target);
}

/** @throws UsageError where the one is a block device and the other holds files. */
export function checkSameMode(source: ClaimState, target: ClaimState): void {
  if (isDevice(source) === isDevice(target)) return;
  const [device, files] = isDevice(source) ? [source, target] : [target, source];
  const mode = isDevice(source) ? 'Block' : 'Filesystem';
  throw new UsageError(
    `claim ${describeClaim(device.ref)} is a block volume, and ${describeClaim(files.ref)} holds files: the one can't be copied to the other`,
    {
      hint: `make a target claim with volumeMode ${mode}; --create-target makes one in the source's likeness`,
    },
  );
}

/** ReadWriteOncePod means what it says. */
function checkNotExclusive({ object, mounts, ref }: ClaimState): void {
  const mount = mounts.find(({ task }) => task === undefined);
  if (mount && object.spec.accessModes?.includes('ReadWriteOncePod')) {
    throw new RefusedError(`claim ${describeClaim(ref)} is ReadWriteOncePod and in use by pod ${mount.pod}`, {
      hint: 'no second pod can mount it; scale its workload down first',
    });
  }
}
