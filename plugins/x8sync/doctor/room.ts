/** Room at the target for what the source holds, as far as anything tells before a pod has mounted both. */
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import { formatBytes, formatCount } from '../../../src/ui/format.ts';
import type { ClaimState } from '../claims/claim.ts';
import { type Finding, failed, note, ok } from './finding.ts';

/** A volume as the kubelet that has it mounted measures it; bytes and inodes. */
export interface VolumeUsage {
  readonly usedBytes: number;
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly inodesUsed?: number | undefined;
  readonly inodesFree?: number | undefined;
}

interface Summary {
  readonly pods?: readonly {
    readonly volume?: readonly (Partial<VolumeUsage> & {
      readonly pvcRef?: { readonly name: string; readonly namespace: string };
    })[];
  }[];
}

/**
 * What the kubelet of a node says of a claim that a pod has mounted there (its Summary API,
 * https://kubernetes.io/docs/reference/instrumentation/node-metrics/); undefined where it says nothing of it.
 *
 * @throws ApiError where nodes/proxy may not be read.
 */
export async function usageOf(
  kube: KubeClient,
  { namespace, claim, node }: { readonly namespace: string; readonly claim: string; readonly node: string },
  signal: AbortSignal,
): Promise<VolumeUsage | undefined> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`;
  const { pods = [] } = await kube.request<Summary>({ method: 'GET', path, signal });
  const volume = pods
    .flatMap((pod) => pod.volume ?? [])
    .find(({ pvcRef }) => pvcRef?.name === claim && pvcRef.namespace === namespace);
  const { usedBytes, availableBytes, capacityBytes, inodesUsed, inodesFree } = volume ?? {};
  if (usedBytes === undefined || availableBytes === undefined || capacityBytes === undefined)
    return undefined;
  return { usedBytes, availableBytes, capacityBytes, inodesUsed, inodesFree };
}

/** Bytes that a claim has by its own words. */
export function capacityOf({ object }: Pick<ClaimState, 'object'>): number | undefined {
  const text = object.status?.capacity?.storage ?? object.spec.resources?.requests?.storage;
  return text === undefined ? undefined : Number(parseQuantity(text));
}

/** A side's size, and how much of it is used where that is known. */
export interface Measured {
  readonly capacity: number | undefined;
  readonly usage: VolumeUsage | undefined;
}

/** A folder of a larger file system shows what all of that holds, so its figures say nothing of the claim. */
function ownUsage({ capacity, usage }: Measured): VolumeUsage | undefined {
  const isOwn = usage && capacity !== undefined && usage.capacityBytes <= capacity * 1.5;
  return isOwn ? usage : undefined;
}

const place = { side: 'both', check: 'room' } as const;

/** Compares what the source holds, or else how large it is, with what the target has. Pure. */
export function roomFindings(source: Measured, target: Measured): Finding[] {
  const [used, room] = [ownUsage(source), ownUsage(target)];
  if (!used) return [bySize(source, target)];
  const holds = `the source holds ${formatBytes(used.usedBytes)}`;
  const most = room?.capacityBytes ?? target.capacity;
  if (most === undefined) return [note(place, `${holds}; the target's size is not known`)];
  if (used.usedBytes > most)
    return [failed(place, tooSmall(`${holds}, and the target has ${formatBytes(most)} in all`))];
  if (!room)
    return [ok(place, `${holds}, and the target has ${formatBytes(most)}; what is free there is not known`)];
  const free = `${formatBytes(room.availableBytes)} are free at the target`;
  const bytes =
    used.usedBytes > room.availableBytes
      ? note(place, `${holds}, and ${free}: it fits only where the target has much of it already`)
      : ok(place, `${holds}, and ${free}`);
  return [bytes, ...inodes(used, room)];
}

function inodes({ inodesUsed }: VolumeUsage, { inodesFree }: VolumeUsage): Finding[] {
  // File systems that make inodes as they are needed report none.
  if (!inodesUsed || !inodesFree) return [];
  const message = `the source has ${formatCount(inodesUsed)} inodes in use, and ${formatCount(inodesFree)} are free at the target`;
  return [
    inodesUsed > inodesFree
      ? note(place, `${message}: they fit only where the target has many of these files already`)
      : ok(place, message),
  ];
}

function bySize({ capacity: from }: Measured, { capacity: to }: Measured): Finding {
  const unknown = 'what the source holds is not known, since no pod has it mounted or its node does not tell';
  if (from === undefined || to === undefined) return note(place, unknown);
  const sizes = `the source has ${formatBytes(from)}, the target ${formatBytes(to)}`;
  return to < from ? note(place, `${sizes}, which is less; ${unknown}`) : ok(place, `${sizes}; ${unknown}`);
}

const tooSmall = (message: string) =>
  new RefusedError(message, { hint: 'make the target larger, or copy a part of the source' });
