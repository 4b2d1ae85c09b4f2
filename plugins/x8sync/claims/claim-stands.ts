/**
 * Whether a claim is still the one that a run has begun with. A claim that somebody deletes while a pod mounts it stays
 * until that pod goes, and takes its files with it then.
 */
import { RefusedError, X8sError } from '../../../src/errors.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, type ClaimState, describeClaim } from './claim.ts';

/** A claim as a run has found it. */
export interface KnownClaim extends Pick<ClaimState, 'ref' | 'uid'> {
  /** RFC 3339; one that was made anew before that moment has been filled since, and is as good. */
  readonly filledAt?: string | undefined;
}

/** What became of a claim, to be read after its name; undefined where it stands as it was. */
async function departureOf(
  { ref: { kube, namespace, claim: name }, uid, filledAt = '' }: KnownClaim,
  signal: AbortSignal,
): Promise<string | undefined> {
  const now = await kube.find(persistentVolumeClaims, { namespace, name }, { signal });
  if (!now) return 'was deleted meanwhile';
  const { deletionTimestamp: since, creationTimestamp: madeAt = '' } = now.metadata;
  const isAnother = now.metadata.uid !== uid && !(Date.parse(madeAt) < Date.parse(filledAt));
  if (isAnother) return 'was deleted meanwhile, and made anew';
  return since === undefined ? undefined : `is being deleted, since ${since}`;
}

/** As {@link departureOf}; undefined also where the cluster can't be asked. */
async function departureSeen(known: KnownClaim, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await departureOf(known, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return undefined;
  }
}

/** @throws X8sError where what was copied to this claim is lost, or will be, and where that can't be told. */
export async function requireTargetStands(target: KnownClaim, signal: AbortSignal): Promise<void> {
  const what = await departureOf(target, signal);
  if (what !== undefined) throw targetLost(target.ref, what);
}

/** @throws RefusedError where somebody has deleted the claim, which only its workload's pods keep then. */
export async function requireSourceStands(source: KnownClaim, signal: AbortSignal): Promise<void> {
  const what = await departureOf(source, signal);
  if (what === undefined) return;
  throw new RefusedError(
    `source claim ${describeClaim(source.ref)} ${what}: it goes once no pod mounts it, and its workload can't start again then`,
    {
      hint: "its volume stays where its reclaim policy is Retain; else copy to a claim that is to stay while the workload's pods hold this one",
    },
  );
}

/** The error of a copy whose target is lost, or will be; undefined also where its cluster can't be asked. */
export async function lostTarget(target: KnownClaim, signal: AbortSignal): Promise<X8sError | undefined> {
  const what = await departureSeen(target, signal);
  return what === undefined ? undefined : targetLost(target.ref, what);
}

const targetLost = (ref: ClaimRef, what: string) =>
  new X8sError(`target claim ${describeClaim(ref)} ${what}: what was copied goes with the claim`, {
    hint: "copy again once there is a claim to stay; where the volume's reclaim policy is Retain, a claim made anew with its volumeName has the files",
  });

/**
 * What is to be told of a source that somebody has deleted: its copy may be the only one now. Undefined also where it
 * can't be asked: what was copied is whole in any case.
 */
export async function sourceDeparture(source: KnownClaim, signal: AbortSignal): Promise<string | undefined> {
  const what = await departureSeen(source, signal);
  return what && `Source claim ${describeClaim(source.ref)} ${what}: the target may have its only copy.`;
}
