/**
 * What devsync may take of a container's room. A pod that writes more to its own disk than `limits.ephemeral-storage`
 * is evicted, with the app in it: the kubelet counts a container's own layer against the container's limit, and that
 * together with the emptyDirs against the sum of all limits of the pod.
 */
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { parseQuantity } from '../../../../src/kube/api/quantity.ts';
import { formatBytes } from '../../../../src/ui/format.ts';
import { type Container, containerOf, containersOf } from '../../launch/containers.ts';
import type { Target } from '../../launch/launcher.ts';
import { mountOf } from './location.ts';

export interface StorageBudget {
  /** Bytes that the trash may hold. */
  readonly trash: number;
  /** Bytes that may be on their way into REMOTE at a time; undefined: as many as are free. */
  readonly staging: number | undefined;
  /** Bytes that the cluster allows there, and what says so. */
  readonly limit:
    | {
        readonly bytes: number;
        readonly source: string;
        /** Writing fails beyond it, as on a full disk. Beyond any other limit the pod is evicted. */
        readonly isEnforced: boolean;
      }
    | undefined;
}

/** The trash, and what is on its way, take this part of a limit each: the rest is the app's. */
const part = 1 / 4;

/** @param remote the directory as the container sees it. @param wanted bytes that the trash may hold. */
export function storageBudget(target: Target, remote: string, wanted: number): StorageBudget {
  const [limit] = limitsOn(target, remote).sort((one, other) => one.bytes - other.bytes);
  if (limit === undefined) return { trash: wanted, staging: undefined, limit };
  const share = Math.floor(limit.bytes * part);
  return { trash: Math.min(wanted, share), staging: limit.isEnforced ? undefined : share, limit };
}

/** What is taken, for a person. */
export function describeBudget({ trash, staging, limit }: StorageBudget): string {
  const bound =
    staging === undefined ? 'what is free' : `up to ${formatBytes(staging)}, a larger file included`;
  const why = limit ? `: ${limit.source} is ${formatBytes(limit.bytes)}` : '; no limit says otherwise';
  return `the trash takes up to ${formatBytes(trash)} there, and what is on its way ${bound}${why}`;
}

type Limit = NonNullable<StorageBudget['limit']>;

function limitsOn(target: Target, remote: string): Limit[] {
  const { pod, container } = target;
  const mount = mountOf(target, remote);
  const volume = pod.spec.volumes?.find(({ name }) => name === mount?.name);
  if (mount === undefined)
    return [
      ...limitOf(storageOf(containerOf(pod, container)), "the container's limits.ephemeral-storage"),
      ...limitOfPod(pod),
    ];
  const emptyDir = volume?.emptyDir as { sizeLimit?: string; medium?: string } | undefined;
  if (emptyDir === undefined) return [];
  const isMemory = emptyDir.medium === 'Memory';
  const own = limitOf(emptyDir.sizeLimit, `the sizeLimit of volume ${mount.name}`, isMemory);
  return isMemory ? own : [...own, ...limitOfPod(pod)];
}

/** Only containers that have a limit count, as for the kubelet. */
function limitOfPod(pod: Pod): Limit[] {
  const all = containersOf(pod).flatMap((one) => limitOf(storageOf(one), ''));
  const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
  const source = 'limits.ephemeral-storage of all containers together';
  return all.length === 0 ? [] : [{ bytes, source, isEnforced: false }];
}

function storageOf(container: Container | undefined): string | undefined {
  const { limits } = (container?.resources ?? {}) as { limits?: Readonly<Record<string, string>> };
  return limits?.['ephemeral-storage'];
}

const limitOf = (quantity: string | undefined, source: string, isEnforced = false): Limit[] =>
  quantity === undefined ? [] : [{ bytes: Number(parseQuantity(quantity)), source, isEnforced }];
