/** Makes a target claim larger, where its storage class lets volumes grow. */
import { RefusedError, TimeoutError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import type { PersistentVolumeClaim } from '../../../src/kube/api/objects.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import { persistentVolumeClaims, storageClasses } from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { type ClaimRef, describeClaim } from './claim.ts';

const mebibyte = 2 ** 20;

export interface GrowOptions {
  /** Limit of the wait for the larger volume, in milliseconds; 0 means as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves once the volume is larger, or would be with the next pod that mounts it.
 *
 * @param missingBytes what it lacks.
 * @returns its new size, as Kubernetes has it.
 * @throws RefusedError where the class does not allow it, or a quota or a policy is against it.
 */
export async function growClaim(
  ref: ClaimRef,
  missingBytes: number,
  { timeoutMs, signal }: GrowOptions,
): Promise<string> {
  const { kube, namespace, claim: name } = ref;
  const present = await kube.get(persistentVolumeClaims, { namespace, name }, { signal });
  await requireExpandable(ref, present, signal);
  const size = grownSize(capacityOf(present), missingBytes);
  const need = { verb: 'patch', resource: persistentVolumeClaims, namespace };
  const patch = { spec: { resources: { requests: { storage: size } } } };
  const growing = kube.patch(persistentVolumeClaims, { namespace, name }, patch, { type: 'merge', signal });
  await unlessRefused(kube, need, growing, { signal });
  await whenGrown(ref, size, { timeoutMs, signal });
  return size;
}

/** Whole MiB, as providers like sizes. */
export function grownSize(capacityBytes: number, missingBytes: number): string {
  return `${Math.ceil((capacityBytes + missingBytes) / mebibyte)}Mi`;
}

function capacityOf({ spec, status }: PersistentVolumeClaim): number {
  return Number(parseQuantity(status?.capacity?.storage ?? spec.resources?.requests?.storage ?? '0'));
}

async function requireExpandable(
  ref: ClaimRef,
  { spec: { storageClassName: name } }: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<void> {
  const storageClass = name ? await classNamed(ref, name, signal) : 'none';
  // Who may not see it is told by the server.
  if (storageClass === undefined) return;
  if (storageClass !== 'none' && storageClass.allowVolumeExpansion) return;
  const why = name ? `StorageClass ${name} does not let volumes grow` : 'it has no storage class';
  throw new RefusedError(
    `target claim ${describeClaim(ref)} is too small, and can't be made larger: ${why}`,
    {
      hint: 'copy to a larger claim: --create-target makes one that is missing',
    },
  );
}

/** Undefined where it may not be read. */
async function classNamed({ kube }: ClaimRef, name: string, signal: AbortSignal) {
  try {
    return (await kube.find(storageClasses, { name }, { signal })) ?? ('none' as const);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function whenGrown(ref: ClaimRef, size: string, { timeoutMs, signal }: GrowOptions): Promise<void> {
  const { kube, namespace, claim: name } = ref;
  const what = `the volume of ${describeClaim(ref)} to grow to ${size}`;
  const bytes = Number(parseQuantity(size));
  const isGrown = (now: PersistentVolumeClaim | undefined) =>
    (now && (capacityOf(now) >= bytes || isLeftToMount(now))) || undefined;
  try {
    await waitFor(kube, persistentVolumeClaims, { namespace, name }, isGrown, { timeoutMs, signal, what });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const subject = { namespace, name, kind: 'PersistentVolumeClaim' };
    const said = await eventsOf(kube, subject, 3, { signal }).catch(() => []);
    throw new TimeoutError(error.message, { details: said.length > 0 ? said : error.details });
  }
}

/** The volume is larger, and its file system grows when a pod mounts it (KEP-284). */
const isLeftToMount = (claim: PersistentVolumeClaim): boolean => isMet(claim, 'FileSystemResizePending');
