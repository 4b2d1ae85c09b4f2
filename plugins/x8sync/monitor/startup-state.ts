/** What a workload's pod waits for while it starts, for the error when its time is over. */
import { TimeoutError } from '../../../src/errors.ts';
import { conditionOf } from '../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { type FollowedPods, recentEvents } from './follow.ts';
import { nodeObstacles } from './nodes.ts';
import { pendingClaimOf } from './pending-claim.ts';

export class StartupState {
  readonly #signal: AbortSignal;
  #text = '';
  #pod: Pod | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Notes what holds the pod up now; an empty text where nothing does. */
  note(text: string, pod: Pod | undefined): void {
    this.#text = text;
    this.#pod = pod ?? this.#pod;
  }

  /** The error of a pod that was not up in time. */
  async timeoutError({ kube, namespace, what }: FollowedPods, timeoutMs: number): Promise<Error> {
    const [pod, signal] = [this.#pod, this.#signal];
    const events = pod ? await recentEvents(kube, pod, signal) : [];
    const pending = isUnscheduled(pod) ? await pendingClaimOf(kube, pod, signal) : undefined;
    const against = isUnscheduled(pod) && !pending ? await nodeObstacles(kube, pod.spec, signal) : [];
    const why =
      pending?.text ?? (this.#text || (pod ? 'its container did not start' : 'no pod was made for it'));
    return new TimeoutError(
      `${what} in ${kube.cluster.context}/${namespace} was not up after ${Math.round(timeoutMs / 1000)} s: ${why}`,
      {
        details: [...events, ...(pending?.events ?? []), ...against],
        hint: pending?.hint ?? (isUnscheduled(pod) ? placementHint : '--timeout sets how long to wait'),
      },
    );
  }
}

/** The scheduler has found no node for it. */
const isUnscheduled = (pod: Pod | undefined): pod is Pod =>
  conditionOf(pod, 'PodScheduled')?.status === 'False';

const placementHint =
  '--toleration and --node-selector say where the pods may run; kubectl x8sync doctor names what each node has against them';
