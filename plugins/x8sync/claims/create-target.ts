/** A target claim in the source's likeness, where there is none yet. */
import { UsageError } from '../../../src/errors.ts';
import {
  isAlreadyExists,
  isForbidden,
  isNotFound,
  unlessForbidden,
} from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { PersistentVolumeClaim } from '../../../src/kube/api/objects.ts';
import { withoutOwnership } from '../../../src/kube/api/ownership.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../../src/kube/api/resources.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import type { ClaimRef } from './claim.ts';

/** What is to be another than the source's. */
export interface TargetWishes {
  readonly storageClass?: string | undefined;
  /** As Kubernetes takes it: `20Gi`. */
  readonly size?: string | undefined;
  readonly accessModes?: readonly string[] | undefined;
}

const shortModes: Readonly<Record<string, string>> = {
  RWO: 'ReadWriteOnce',
  RWX: 'ReadWriteMany',
  RWOP: 'ReadWriteOncePod',
};

/** `RWO` or `ReadWriteOnce`. @throws UsageError where it is none that could be written to. */
export function parseAccessMode(text: string): string {
  const mode = shortModes[text] ?? text;
  if (Object.values(shortModes).includes(mode)) return mode;
  throw new UsageError(
    `--access-mode: ${JSON.stringify(text)} is none of ReadWriteOnce, ReadWriteMany, ReadWriteOncePod`,
  );
}

/** @throws UsageError where it is no size. */
export function parseSize(text: string): string {
  const bytes = quantityOf(text);
  if (bytes !== undefined && bytes > 0) return text;
  throw new UsageError(`--size: ${JSON.stringify(text)} is not a size`, { hint: 'for example 20Gi' });
}

function quantityOf(text: string): number | undefined {
  try {
    return Number(parseQuantity(text));
  } catch {
    return undefined;
  }
}

export interface MadeTarget {
  readonly claim: PersistentVolumeClaim;
  /** Keys of the source's labels by which a controller would take the claim for its own. */
  readonly leftOut: readonly string[];
}

/**
 * Makes the target claim where it is missing; it stays, whatever becomes of the copy.
 *
 * @returns it, with the labels of the source that it does not bear; undefined where it was there already.
 */
export async function createTarget(
  source: ClaimRef,
  target: ClaimRef,
  wishes: TargetWishes,
  signal: AbortSignal,
): Promise<MadeTarget | undefined> {
  const { kube, namespace, claim: name } = target;
  if (await kube.find(persistentVolumeClaims, { namespace, name }, { signal })) return undefined;
  const ref = { namespace: source.namespace, name: source.claim };
  const model = await source.kube.get(persistentVolumeClaims, ref, { signal });
  if (wishes.storageClass) await checkClass(kube, wishes.storageClass, signal);
  const storageClass = wishes.storageClass ?? (await usableClass(model, source, target, signal));
  const claim = targetLike(model, { namespace, name }, { ...wishes, storageClass });
  const need = { verb: 'create', resource: persistentVolumeClaims, namespace };
  try {
    const made = await unlessRefused(kube, need, kube.create(persistentVolumeClaims, claim), { signal });
    return { claim: made, leftOut: withoutOwnership(model.metadata.labels ?? {}).leftOut };
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}

/**
 * Nothing where this user may not read classes. A class need not exist for volumes that somebody has made by hand.
 *
 * @throws UsageError where no volume will ever be made of this class: its claim would be waited for in vain.
 */
async function checkClass(kube: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const found = await unlessForbidden(
    kube.find(storageClasses, { name }, { signal }).then((one) => one !== undefined),
  );
  if (found !== false) return;
  const volumes = await unlessForbidden(kube.list(persistentVolumes, { signal }));
  if (volumes?.items.some(({ spec }) => spec.storageClassName === name)) return;
  const classes = await unlessForbidden(kube.list(storageClasses, { signal, metadataOnly: true }));
  const names = (classes?.items ?? []).map(({ metadata }) => metadata.name);
  throw new UsageError(`--storage-class: ${kube.cluster.context} has no storage class ${name}`, {
    details: classes && [names.length > 0 ? `it has ${names.join(', ')}` : 'it has none at all'],
    hint: 'nothing was made; without --storage-class the claim gets the class of the source, or the default one',
  });
}

/**
 * The source's class where the target's cluster has one of that name; else the cluster's default. No class at all is for
 * a volume that somebody has made by hand: a claim without one would be waited for in vain.
 */
async function usableClass(
  { spec }: PersistentVolumeClaim,
  source: ClaimRef,
  { kube }: ClaimRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { storageClassName: name } = spec;
  if (!name) return undefined;
  if (source.kube === kube) return name;
  try {
    const found = await kube.find(storageClasses, { name }, { signal });
    return found && name;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return undefined;
    throw error;
  }
}

/** The claim to be made: as large as the source's volume really is, where that is more than was asked for. */
export function targetLike(
  { metadata, spec, status }: PersistentVolumeClaim,
  place: { readonly namespace: string; readonly name: string },
  { storageClass, size, accessModes }: TargetWishes,
): PersistentVolumeClaim {
  const { volumeMode } = spec;
  const { labels } = withoutOwnership(metadata.labels ?? {});
  const { capacity } = (status ?? {}) as { capacity?: { storage?: string } };
  const storage = size ?? larger(spec.resources?.requests?.storage ?? '1Gi', capacity?.storage);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...place, ...(Object.keys(labels).length > 0 && { labels }) },
    spec: {
      accessModes: [...(accessModes ?? writable(spec.accessModes))],
      resources: { requests: { storage } },
      ...(storageClass !== undefined && { storageClassName: storageClass }),
      ...(volumeMode !== undefined && { volumeMode }),
    },
  };
}

/** A target is written to, however its source is mounted. */
function writable(modes: readonly string[] = []): readonly string[] {
  const kept = modes.filter((mode) => mode !== 'ReadOnlyMany');
  return kept.length > 0 ? kept : ['ReadWriteOnce'];
}

const larger = (one: string, other: string | undefined): string =>
  other !== undefined && (quantityOf(other) ?? 0) > (quantityOf(one) ?? 0) ? other : one;
