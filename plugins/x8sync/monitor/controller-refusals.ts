/**
 * Pods that a controller may not make: the API server declines them (quota, limit range, a policy that applies to
 * controllers only), and nothing but the controller's events says so.
 */
import type { Clock } from '../../../src/clock.ts';
import { RefusedError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Event, KubeObject } from '../../../src/kube/api/objects.ts';
import { events } from '../../../src/kube/api/resources.ts';
import { limitsHint } from '../../../src/kube/cluster/refusal.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';

/** A refusal may pass (a pod that ends frees its quota, a service account is made a while later): so long it may. */
const patienceMs = 10_000;

export interface ControllerRefusals {
  readonly kube: KubeClient;
  readonly namespace: string;
  /** The StatefulSet or the Job whose pods they are. */
  readonly workload: KubeObject;
  /** What its pod is, for messages: `the mover`. */
  readonly what: string;
  readonly clock: Clock;
  /** Whether a pod of it was made. */
  readonly hasPod: () => boolean;
  /** Called with the controller's words at once. */
  readonly onRefusal: (text: string) => void;
}

/**
 * Follows the controller's failures to make a pod, until the signal ends it. Rejects with a RefusedError once one is
 * 10 s old and there is still no pod. Resolves where events may not be read.
 */
export async function watchControllerRefusals(
  { kube, namespace, workload, what, clock, hasPod, onRefusal }: ControllerRefusals,
  signal: AbortSignal,
): Promise<void> {
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => {});
  let first = true;
  const look = ({ message = '' }: Event) => {
    if (hasPod()) return;
    onRefusal(message);
    if (!first) return;
    first = false;
    const giveUp = async () => {
      await clock.sleep(patienceMs, signal);
      first = true;
      if (!hasPod()) throw await refusalOf({ kube, namespace, workload, what }, message, signal);
    };
    giveUp().catch(refused.reject);
  };
  const handler = {
    replaced: (items: readonly Event[]) => items.forEach(look),
    event: (type: string, event: Event) => {
      if (type !== 'DELETED') look(event);
    },
  };
  const fieldSelector = `involvedObject.uid=${workload.metadata.uid},reason=FailedCreate`;
  try {
    await Promise.race([
      listWatch(kube, events, { namespace, fieldSelector }, handler, signal),
      refused.promise,
    ]);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

async function refusalOf(
  { kube, namespace, workload, what }: Pick<ControllerRefusals, 'kube' | 'namespace' | 'workload' | 'what'>,
  message: string,
  signal: AbortSignal,
): Promise<RefusedError> {
  const { context } = kube.cluster;
  const { kind = 'object', metadata } = workload;
  return new RefusedError(`no pod can be made for ${what} in ${context}/${namespace}: ${message}`, {
    details: [`${kind} ${namespace}/${metadata.name} in ${context}`],
    hint: await limitsHint(kube, namespace, { signal }),
  });
}
