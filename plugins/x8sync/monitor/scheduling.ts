/** Whether the scheduler finds a node for a Job's pod. */
import { until } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { conditionOf } from '../../../src/kube/api/conditions.ts';
import type { Job, Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import type { TaskSide } from '../objects/sides.ts';
import { watchControllerRefusals } from './controller-refusals.ts';

/** The scheduler says within a second that no node fits; so long that may change (a pod that ends, a new node). */
const patienceMs = 5000;

export interface SchedulingContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with what the pod waits for. */
  readonly waiting: (text: string) => void;
}

/**
 * Resolves once a pod of the Job has a node: with undefined, or with why it gets none, where the scheduler has found
 * none for 5 s or no pod may be made.
 */
export async function schedulingObstacle(
  side: TaskSide,
  job: Job,
  context: SchedulingContext,
): Promise<string | undefined> {
  const found = new AbortController();
  const signal = AbortSignal.any([context.signal, found.signal]);
  const verdict = Promise.withResolvers<string | undefined>();
  const look = new Look(job, { ...context, signal }, verdict.resolve);
  const failed = (error: unknown) => {
    if (signal.aborted) return;
    if (error instanceof RefusedError) verdict.resolve(messageOf(error));
    else verdict.reject(error);
  };
  const { kube, namespace, selectorText: labelSelector } = side;
  const handler = {
    replaced: (items: readonly Pod[]) => {
      for (const pod of items) look.at(pod);
    },
    event: (type: string, pod: Pod) => {
      if (type !== 'DELETED') look.at(pod);
    },
  };
  listWatch(kube, pods, { namespace, labelSelector }, handler, signal).catch(failed);
  const refusals = {
    ...{ kube, namespace, workload: job, what: 'the mover', clock: context.clock },
    hasPod: () => look.hasPod,
    onRefusal: context.waiting,
  };
  watchControllerRefusals(refusals, signal).catch(failed);
  try {
    return await until(verdict.promise, context.signal);
  } finally {
    found.abort(new Error('the look at the scheduling is over'));
  }
}

/** One look at each state of the Job's pods. */
class Look {
  hasPod = false;
  readonly #job: Job;
  readonly #context: SchedulingContext;
  readonly #decide: (obstacle: string | undefined) => void;
  #isWaiting = false;
  #obstacle = '';

  constructor(job: Job, context: SchedulingContext, decide: (obstacle: string | undefined) => void) {
    this.#job = job;
    this.#context = context;
    this.#decide = decide;
  }

  at(pod: Pod): void {
    const { metadata, spec } = pod;
    // Another Job of this task may have left a pod that is on its way out.
    if (!metadata.ownerReferences?.some(({ uid }) => uid === this.#job.metadata.uid)) return;
    this.hasPod = true;
    const scheduled = conditionOf(pod, 'PodScheduled');
    if (spec.nodeName) this.#decide(undefined);
    else if (scheduled?.status === 'False') this.#unscheduled(scheduled);
  }

  #unscheduled({ message, reason }: { readonly message?: string; readonly reason?: string }): void {
    this.#obstacle = message ?? reason ?? 'no node was found for it';
    this.#context.waiting(`it can't be scheduled: ${this.#obstacle}`);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { clock, signal } = this.#context;
    clock.sleep(patienceMs, signal).then(
      () => this.#decide(`the pod can't be scheduled: ${this.#obstacle}`),
      () => {},
    );
  }
}
