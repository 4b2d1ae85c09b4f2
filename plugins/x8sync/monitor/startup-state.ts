/** What a workload's pod waits for while it starts, for the error when its time is over. */
import { TimeoutError } from '../../../src/errors.ts';
import { conditionOf } from '../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { type FollowedPods, recentEvents } from './follow.ts';
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
    const events = this.#pod ? await recentEvents(kube, this.#pod, this.#signal) : [];
    const pending = isUnscheduled(this.#pod)
      ? await pendingClaimOf(kube, this.#pod, this.#signal)
      : undefined;
    const why =
      pending?.text ?? (this.#text || (this.#pod ? 'its container did not start' : 'no pod was made for it'));
    return new TimeoutError(
      `${what} in ${kube.cluster.context}/${namespace} was not up after ${Math.round(timeoutMs / 1000)} s: ${why}`,
      {
        details: [...events, ...(pending?.events ?? [])],
        hint: pending?.hint ?? (isUnscheduled(this.#pod) ? placementHint : '--timeout sets how long to wait'),
      },
    );
  }
}

/** The scheduler has found no node for it. */
const isUnscheduled = (pod: Pod | undefined): pod is Pod =>
  conditionOf(pod, 'PodScheduled')?.status === 'False';

const placementHint =
  '--toleration and --node-selector say where the pods may run; kubectl x8sync doctor names what each node has against them';
