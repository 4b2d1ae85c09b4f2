/** Why a pod does not run, and whether waiting longer could help. */
import { conditionOf } from '../../../src/kube/api/conditions.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/api/objects.ts';
import { moreMemory } from './mover-messages.ts';

export interface Trouble {
  /** One line for the person: what holds the pod up. */
  readonly text: string;
  /** True where waiting can't help. */
  readonly fatal: boolean;
  /** Its program ended by itself, again and again. */
  readonly crashed?: boolean;
  /** What may help. */
  readonly hint?: string;
}

/** Reasons that no further attempt of the kubelet will cure. */
const hopeless = new Set(['InvalidImageName', 'ErrImageNeverPull', 'CreateContainerConfigError']);

/**
 * Watches one pod's states for trouble. A pull that fails once may be the network's fault and is tried again
 * by the kubelet; the second failure is said, and ends the wait.
 */
export class PodDiagnosis {
  #pullFailures = 0;
  #pulling = false;
  #isLost = false;

  /**
   * What holds this pod up as it is now, or undefined. Call it with every state that is seen.
   *
   * @param begun its container has run: its end line says how it ended.
   */
  diagnose(pod: Pod, begun = false): Trouble | undefined {
    const scheduled = conditionOf(pod, 'PodScheduled');
    if (scheduled?.status === 'False') {
      return {
        text: `it can't be scheduled: ${scheduled.message ?? scheduled.reason ?? 'no reason given'}`,
        fatal: false,
      };
    }
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    for (const container of [...initContainerStatuses, ...containerStatuses]) {
      const trouble = this.#container(container);
      if (trouble) return trouble;
    }
    // Controllers say so of each pod of a node that is silent; that it is deleted then reaches nobody there.
    this.#isLost = isUnheard(pod) || (this.#isLost && pod.metadata.deletionTimestamp !== undefined);
    if (this.#isLost)
      return { text: `node ${pod.spec.nodeName} does not answer; its pod is waited for`, fatal: false };
    if (!begun && pod.status?.phase === 'Failed') {
      return { text: pod.status.message ?? pod.status.reason ?? 'it failed', fatal: true };
    }
    return undefined;
  }

  #container({ image, state, lastState }: ContainerStatus): Trouble | undefined {
    const { reason = '', message } = state?.waiting ?? {};
    if (reason === 'ErrImagePull' && !this.#pulling) this.#pullFailures += 1;
    this.#pulling = reason === 'ErrImagePull';
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
      const text = `image ${image ?? ''} can't be pulled: ${message ?? reason}`;
      return { text, fatal: this.#pullFailures >= 2 };
    }
    if (hopeless.has(reason)) return { text: `${reason}: ${message ?? ''}`, fatal: true };
    if (reason === 'CrashLoopBackOff' && lastState?.terminated?.reason === 'OOMKilled')
      return {
        text: 'its container is killed for memory again and again (OOMKilled)',
        fatal: true,
        hint: moreMemory,
      };
    if (reason === 'CrashLoopBackOff')
      return { text: `its container ends again and again: ${message ?? ''}`, fatal: true, crashed: true };
    return undefined;
  }
}

/** Its containers run, as far as was last heard of them, and it is not ready: it has no other reason to be. */
function isUnheard(pod: Pod): boolean {
  const ready = conditionOf(pod, 'Ready');
  // The kubelet of a node that speaks says of both that a probe fails.
  if (conditionOf(pod, 'ContainersReady')?.status === 'False') return false;
  const containers = pod.status?.containerStatuses ?? [];
  const run = containers.length > 0 && containers.every(({ state }) => state?.running !== undefined);
  return pod.metadata.deletionTimestamp === undefined && ready?.status === 'False' && run;
}
