/** Which containers take part in a sync of several, and which of them writes back. */
import { createHash } from 'node:crypto';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { containerStatus, defaultContainer, describeContainer } from '../../launch/containers.ts';
import type { Target } from '../../launch/launcher.ts';
import type { TargetSpec } from '../../spec/spec.ts';
import { mountOf } from '../pods/location.ts';
import { byAge, isReady, targetIn, whyNone } from '../pods/pods.ts';

export interface GroupTargets {
  /** Its changes come to this workstation. */
  readonly writer: Target | undefined;
  /** Those that are made like it. */
  readonly followers: readonly Target[];
  /** Those that have the same files as another one, on a volume that both mount. */
  readonly sharing: readonly { readonly target: Target; readonly with: Target }[];
  /** Which one writes back, or why there is none. */
  readonly message: string;
}

/** What a container is known by, also when it was started again, or another process looks. */
export interface Part {
  /** Of its pod. */
  readonly uid: string;
  readonly container: string;
}

/** Who takes part already. */
export interface CurrentTargets {
  /** The one that wrote back last, in an earlier watch, too. */
  readonly writer: Part | undefined;
  readonly members: readonly Target[];
}

export const noTargets: CurrentTargets = { writer: undefined, members: [] };

/**
 * The writer stays as long as its container runs or is started again; another one is the oldest Ready one, unless a pod
 * was named. Only one of those that share a volume takes part: two would undo each other's work.
 *
 * @param remote the directory as the containers see it.
 */
export function chooseGroup(
  pods: readonly Pod[],
  spec: TargetSpec,
  remote: string,
  current: CurrentTargets,
): GroupTargets {
  const running = targetsIn(pods, spec);
  const restarting = current.members.filter(
    (one) => !running.some((other) => isSame(partOf(one), partOf(other))) && isRestarting(partOf(one), pods),
  );
  const all = [...running, ...restarting].sort(byAge);
  const awaited = awaitedWriter(pods, all, spec, current.writer);
  const writer = awaited ? undefined : chooseWriter(all, spec, current.writer);
  const members = spec.everyPod ? all : all.filter(({ pod }) => pod === writer?.pod);
  const takers = new Map<string, Target>();
  if (writer) takers.set(contentKey(writer, remote), writer);
  const followers: Target[] = [];
  const sharing: { target: Target; with: Target }[] = [];
  for (const target of members.filter((one) => one !== writer)) {
    const key = contentKey(target, remote);
    const taker = takers.get(key);
    if (taker) sharing.push({ target, with: taker });
    else followers.push(target);
    takers.set(key, taker ?? target);
  }
  return { writer, followers, sharing, message: messageFor(pods, spec, writer, awaited) };
}

function targetsIn(pods: readonly Pod[], spec: TargetSpec): Target[] {
  const containers = spec.containers ?? [spec.container];
  return pods.flatMap((pod) =>
    containers.map((container) => targetIn(pod, { ...spec, container })).filter((one) => one !== undefined),
  );
}

/** What is remembered of a container. */
export const partOf = ({ pod, container }: Target): Part => ({ uid: pod.metadata.uid ?? '', container });

/** The same container of the same pod, though it may have been started again. */
export const isSame = (one: Part, other: Part) => one.uid === other.uid && one.container === other.container;

/** Whether its pod stays, and its container is about to run again. */
function isRestarting({ uid, container }: Part, pods: readonly Pod[]): boolean {
  const now = pods.find(({ metadata }) => metadata.uid === uid);
  if (now === undefined || now.metadata.deletionTimestamp !== undefined) return false;
  const { waiting, terminated } = containerStatus(now, container)?.state ?? {};
  const isOver = now.status?.phase === 'Succeeded' || now.status?.phase === 'Failed';
  return (
    !isOver && (terminated !== undefined || (waiting !== undefined && waiting.reason !== 'CrashLoopBackOff'))
  );
}

/**
 * The last writer, where nobody has a session with it yet and it is about to run again: what it has that is
 * not here would be lost if another one took over.
 */
function awaitedWriter(
  pods: readonly Pod[],
  all: readonly Target[],
  spec: TargetSpec,
  last: Part | undefined,
): Pick<Target, 'pod' | 'container'> | undefined {
  const pod = pods.find(({ metadata }) => metadata.uid === last?.uid);
  if (pod === undefined || last === undefined || !mayWrite(pod, spec)) return undefined;
  const isWanted = containersFor(pod, spec).includes(last.container);
  const isThere = all.some((one) => isSame(partOf(one), last));
  return isWanted && !isThere && isRestarting(last, pods) ? { pod, container: last.container } : undefined;
}

/** The containers of a pod that a specification means, whether they are there or not. */
const containersFor = (pod: Pod, { containers, container }: TargetSpec) =>
  containers ?? [container ?? defaultContainer(pod) ?? ''];

const mayWrite = ({ metadata }: Pod, { writer }: TargetSpec) =>
  writer === undefined || metadata.name === writer;

function chooseWriter(all: readonly Target[], spec: TargetSpec, last: Part | undefined): Target | undefined {
  const candidates = all.filter(({ pod }) => mayWrite(pod, spec));
  const stays = candidates.find((one) => last && isSame(partOf(one), last));
  return stays ?? candidates.find(({ pod, container }) => isReady(pod, container));
}

function messageFor(
  pods: readonly Pod[],
  spec: TargetSpec,
  writer: Target | undefined,
  awaited: Pick<Target, 'pod' | 'container'> | undefined,
): string {
  if (awaited)
    return `pod ${awaited.pod.metadata.name}, which writes back, is starting its container ${awaited.container} again`;
  if (writer) {
    const which = describeContainer(writer.pod, writer.container, spec.container !== undefined);
    return `pod ${writer.pod.metadata.name}, ${which}, writes back`;
  }
  if (spec.writer === undefined || pods.length === 0) return whyNone(pods, spec);
  return `pod ${spec.writer}, which is to write back, is not ready`;
}

interface Volume {
  readonly name: string;
  readonly [source: string]: unknown;
}

/**
 * What tells the files of one container from those of another: equal where both see the same ones. On a claim it stays
 * the same for the next pod.
 */
export function contentKey(target: Target, remote: string): string {
  const { pod, container } = target;
  const mount = mountOf(target, remote);
  if (mount === undefined) return JSON.stringify([pod.metadata.uid, 'container', container]);
  // An expression is made of the pod's own variables.
  const subPath = mount.subPathExpr ? [mount.subPathExpr, pod.metadata.name] : mount.subPath;
  const within = [subPath, remote.slice(mount.mountPath.length)];
  const volumes = (pod.spec.volumes ?? []) as readonly Volume[];
  const { name: _, ...source } = volumes.find(({ name }) => name === mount.name) ?? { name: mount.name };
  if (podVolumes.some((kind) => kind in source))
    return JSON.stringify([pod.metadata.uid, 'volume', mount.name, within]);
  // The same path of two nodes is not the same directory.
  return JSON.stringify([source, 'hostPath' in source ? pod.spec.nodeName : '', within]);
}

/** Volumes that each pod has for itself. */
const podVolumes = [
  'emptyDir',
  'configMap',
  'secret',
  'projected',
  'downwardAPI',
  'ephemeral',
  'csi',
  'image',
];

/** A short name for that. */
export const sessionName = (target: Target, remote: string): string =>
  createHash('sha256').update(contentKey(target, remote)).digest('hex').slice(0, 16);
