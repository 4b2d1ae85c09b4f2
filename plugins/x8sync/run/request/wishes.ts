/**
 * What a mover is asked to do besides what its task's specification says: each wish by the flag that a person gives for
 * it. Another wish is no other task, so it may change between two runs of one; the only place that says which may, and
 * what becomes of a mover that was asked for something else. Pure.
 */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import { canonicalJson } from '../../../../src/tasks/spec.ts';
import type { CompressionWish } from '../../mover/protocol/compression.ts';
import type { Deletes } from '../../mover/protocol/options.ts';
import type { ParallelOptions } from '../../mover/protocol/parallel-options.ts';
import type { PodsWish } from '../../mover/protocol/pods.ts';
import type { PodOptions, PodPatch } from '../../objects/manifests/pod-options.ts';
import type { CopyRequest } from './request.ts';

/** Flags with their values; none that was not given. */
export type Wishes = Readonly<Record<string, string>>;

/** What of a mover's plan is a wish. */
export interface Wished {
  readonly bandwidth?: string | undefined;
  readonly parallel?: ParallelOptions | undefined;
  readonly pods?: PodsWish | undefined;
  readonly compress?: CompressionWish | undefined;
  readonly rsyncArgs?: readonly string[] | undefined;
  readonly allowEmpty?: boolean | undefined;
  readonly deletes?: Deletes | undefined;
  readonly verify?: boolean | undefined;
  /** Of its pod. */
  readonly options?: PodOptions | undefined;
}

export const wishesAnnotation = 'x8s.dev/wishes';

const given = (is: boolean | undefined): string | undefined => (is ? 'given' : undefined);

/** A list or a map, where anything is in it. */
const json = (value: object | undefined): string | undefined =>
  value && Object.keys(value).length > 0 ? canonicalJson(value) : undefined;

/** A patch may hold what nobody else is to read. */
const digest = (patches: readonly PodPatch[] | undefined): string | undefined =>
  patches?.length
    ? createHash('sha256').update(canonicalJson(patches)).digest('hex').slice(0, 16)
    : undefined;

/** Not of the image: a mover that runs goes on with its own, so that a newer plugin can take it up. */
export function moverWishes({ parallel = {}, options: pod = {}, ...wished }: Wished): Wishes {
  const { bandwidth, compress, rsyncArgs, pods } = wished;
  return onlyGiven({
    '--bwlimit': bandwidth || undefined,
    '--parallelism': parallel.parallelism?.toString(),
    '--pods': pods && pods.asked !== 1 ? String(pods.asked) : undefined,
    '--partitions': parallel.partitions?.toString(),
    '--partition-files': parallel.partitionFiles?.toString(),
    '--partition-size': parallel.partitionBytes?.toString(),
    '--compress': compress === 'auto' ? undefined : compress,
    '--rsync-arg': rsyncArgs?.join(' ') || undefined,
    '--allow-empty': given(wished.allowEmpty),
    '--yes': given(wished.deletes === 'all'),
    '--verify': given(wished.verify),
    '--image-pull-secret': json(pod.imagePullSecrets),
    '--service-account': pod.serviceAccount,
    '--cpu': json(pod.cpu),
    '--memory': json(pod.memory),
    '--node-selector': json(pod.nodeSelector),
    '--toleration': json(pod.tolerations),
    '--priority-class': pod.priorityClass,
    '--pod-label': json(pod.labels),
    '--pod-annotation': json(pod.annotations),
    '--pod-patch': digest(pod.patches),
  });
}

/** Of all the copies that a schedule makes. How the source was found is none: that stays as it was found. */
export function scheduleWishes(request: CopyRequest): Wishes {
  const { schedule, pod: options, allowMounted } = request;
  // Its copies are made by one pod each, whatever the first one was.
  const wishes = moverWishes({ ...request, options, pods: undefined, deletes: schedule?.deletes });
  return onlyGiven({ ...wishes, '--allow-mounted': given(allowMounted) });
}

const onlyGiven = (all: Readonly<Record<string, string | undefined>>): Wishes =>
  Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

export const wishesText = (wishes: Wishes): string => canonicalJson(wishes);

/** What a Job, or a CronJob, was made for; nothing where it does not say so. */
export function wishesIn({ metadata }: Pick<KubeObject, 'metadata'>): Wishes {
  try {
    const found: unknown = JSON.parse(metadata.annotations?.[wishesAnnotation] ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Wishes) : {};
  } catch {
    return {};
  }
}

/** What is wished otherwise by now, a line each: `--bwlimit: 10M → 5M`. */
export function changedWishes(before: Wishes, now: Wishes): string[] {
  const flags = Object.keys({ ...before, ...now }).sort();
  const text = (value: string | undefined) => value ?? '(not set)';
  return flags
    .filter((flag) => before[flag] !== now[flag])
    .map((flag) => `${flag}: ${text(before[flag])} → ${text(now[flag])}`);
}

/**
 * Why a mover that was made for other wishes does not do, a line each; none where it does. One that works is to work as
 * is wished now. Of one that has ended well the files are the same, however they came: only that they are to be
 * compared can still be asked for.
 */
export function unmetWishes(before: Wishes, now: Wishes, hasEnded: boolean): string[] {
  const changed = changedWishes(before, now);
  const compares = '--verify';
  if (!hasEnded) return changed;
  return now[compares] === undefined ? [] : changed.filter((line) => line.startsWith(`${compares}:`));
}

/** Flags that decide what a copy may do, or what is said of it in the end: a mover without them does not do. */
const deciding = ['--allow-empty', '--verify', '--yes'];

/** Whether a mover that works, and can't be replaced, may go on as it was asked to: in what it does, only how differs. */
export const mayGoOn = (before: Wishes, now: Wishes): boolean =>
  deciding.every((flag) => before[flag] === now[flag]);
