/** Over how many pods the streams of a copy are spread: a pure decision. One pod is the mover's own; the others are workers. */

import { mostPods, type PodsWish } from '../protocol/pods.ts';

/** What the mover has found. */
export interface PodsLook {
  /** The mover has both volumes before it: strategy `mount`. */
  readonly isMounted: boolean;
  /** Streams in all. */
  readonly streams: number;
  readonly files: number | undefined;
  readonly bytes: number | undefined;
}

export interface PodsChoice {
  readonly pods: number;
  /** Why so many, in words. */
  readonly why: string;
}

/** What `auto` goes up to. */
const mostByAuto = 4;
/** Less than that is not worth the start of further pods, and minutes in which caches of network file systems are old. */
const worthFiles = 400_000;
const worthBytes = 100 * 2 ** 30;

const one = (why: string): PodsChoice => ({ pods: 1, why });

/** What stands against more than one pod, whatever there is to copy; undefined where nothing does. */
export function podsObstacle(
  { asked, modes, nodes }: PodsWish,
  { isMounted }: Pick<PodsLook, 'isMounted'>,
): string | undefined {
  if (asked === 1) return 'one was asked for';
  if (!isMounted) return 'all streams end in the one pod that serves the source';
  if (!modes.target.includes('ReadWriteMany')) return 'the target claim is not ReadWriteMany';
  if (!modes.source.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany'))
    return 'the source claim is not ReadWriteMany';
  if (nodes !== undefined && nodes < 2) return 'no more than one node admits the pod';
  return undefined;
}

/** The streams that a wish for pods takes at least. */
export const leastStreams = (wish: PodsWish, look: Pick<PodsLook, 'isMounted'>): number =>
  wish.asked === 'auto' || podsObstacle(wish, look) !== undefined
    ? 1
    : Math.min(wish.asked, wish.nodes ?? wish.asked);

export function choosePods(wish: PodsWish, look: PodsLook): PodsChoice {
  const obstacle = podsObstacle(wish, look);
  if (obstacle !== undefined) return one(obstacle);
  const { asked, nodes } = wish;
  const { streams, files = 0, bytes = 0 } = look;
  if (streams === 1) return one('one stream copies');
  const most = Math.min(streams, nodes ?? mostPods);
  if (asked !== 'auto') {
    const pods = Math.min(asked, most);
    if (pods === asked) return { pods, why: 'as asked for' };
    return { pods, why: pods === nodes ? 'so many nodes admit the pod' : 'so many streams copy' };
  }
  if (nodes === undefined) return one('how many nodes admit the pod may not be asked');
  if (files < worthFiles && bytes < worthBytes) return one('the files are soon copied by one pod');
  return { pods: Math.min(most, mostByAuto), why: 'the tree is large, and nodes admit more than one pod' };
}

/** What a person is to read who has asked for more pods than there are; undefined where there are as many. */
export function podsNotice({ asked }: PodsWish, { pods, why }: PodsChoice): string | undefined {
  if (asked === 'auto' || pods >= asked) return undefined;
  return `--pods ${asked}: ${pods === 1 ? 'one pod copies' : `${pods} pods copy`}, since ${why}`;
}

/** How many of the streams each pod has, the mover's own first. */
export function streamsOfPods(streams: number, pods: number): number[] {
  return Array.from({ length: pods }, (_, pod) => Math.floor((streams + pods - 1 - pod) / pods));
}
