/** Which containers take part in a sync of several, and which of them writes back. */
import { createHash } from 'node:crypto';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { containerStatus, defaultContainer, describeContainer } from '../../launch/containers.ts';
import type { Target } from '../../launch/launcher.ts';
import type { TargetSpec } from '../../spec/spec.ts';
import { contentKey, placeOf, type Relation, relationOf } from '../pods/place.ts';
import { byAge, isReady, targetIn, whyNone } from '../pods/pods.ts';

/** One that has files of another one, which takes part. */
export interface Beside {
  readonly target: Target;
  readonly with: Target;
}

export interface Nested extends Beside {
  readonly lies: 'within' | 'around';
}

export interface GroupTargets {
  /** Its changes come to this workstation. */
  readonly writer: Target | undefined;
  /** Those that are made like it. */
  readonly followers: readonly Target[];
  /** Those that have the same files as another one, on a volume that both mount. */
  readonly sharing: readonly Beside[];
  /** Those whose directory is a part of that of another one, or the other way round: they are left out. */
  readonly nested: readonly Nested[];
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
  const others = members.filter((one) => one !== writer);
  return {
    writer,
    ...divided(writer ? [writer] : [], others, remote),
    message: messageFor(pods, spec, writer, awaited),
  };
}

/** Of those that have files in common, the first one takes part. */
function divided(
  first: readonly Target[],
  others: readonly Target[],
  remote: string,
): Pick<GroupTargets, 'followers' | 'sharing' | 'nested'> {
  const takers = [...first];
  const [followers, sharing, nested]: [Target[], Beside[], Nested[]] = [[], [], []];
  for (const target of others) {
    const place = placeOf(target, remote);
    const relationTo = (taker: Target): Relation => relationOf(place, placeOf(taker, remote));
    const taker = takers.find((one) => relationTo(one) !== undefined);
    const lies = taker && relationTo(taker);
    if (taker === undefined || lies === undefined) {
      takers.push(target);
      followers.push(target);
    } else if (lies === 'same') sharing.push({ target, with: taker });
    else nested.push({ target, with: taker, lies });
  }
  return { followers, sharing, nested };
}

/** The containers that run and that a specification means. */
export function targetsIn(pods: readonly Pod[], spec: TargetSpec): Target[] {
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

/** A short name for what is remembered of a container's directory. */
export const sessionName = (target: Target, remote: string): string =>
  createHash('sha256').update(contentKey(target, remote)).digest('hex').slice(0, 16);
