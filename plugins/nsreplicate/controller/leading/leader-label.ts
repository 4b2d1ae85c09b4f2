/**
 * Of the pods of a controller the one that leads bears a label, by which the Service finds it: what only who works on a
 * task can tell is asked of it then. A pod that stands by is ready all the same, so that upgrades and drains go on.
 */
import { retryUntilAborted } from '../../../../src/async/retry.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf, X8sError } from '../../../../src/errors.ts';
import { isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { pods } from '../../../../src/kube/api/resources.ts';
import { stateNamespace } from '../../decide/spec.ts';

/** What the pod that leads bears. */
export const leaderLabel = { 'x8s.dev/leads': 'true' } as const;
const [[key, value]] = Object.entries(leaderLabel) as [[string, string]];

export interface LeaderLabelOptions {
  /** Fenced: who leads no more takes the label off nobody. */
  readonly kube: KubeClient;
  /** The pod of this process, in the state's namespace. */
  readonly pod: string;
  readonly clock: Clock;
  /** It leads no more. */
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

const pause = { firstMs: 500, mostMs: 30_000 };

/** Labels the pod, and takes the label off others, which led before; tried until that is done or the signal aborts. */
export async function labelLeader({ kube, pod, clock, signal, warn }: LeaderLabelOptions): Promise<void> {
  let isTold = false;
  const failed = (error: unknown): void => {
    if (!(error instanceof X8sError)) throw error;
    if (!isTold) warn(`the Service can't lead to this pod yet: ${messageOf(error)}; tried again by itself`);
    isTold = true;
  };
  const label = (name: string, text: string | null) =>
    kube.patch(
      pods,
      { namespace: stateNamespace, name },
      { metadata: { labels: { [key]: text } } },
      { type: 'merge', signal },
    );
  const attempt = async () => {
    await label(pod, value);
    const { items } = await kube.list(pods, {
      ...{ namespace: stateNamespace, labelSelector: `${key}=${value}` },
      ...{ metadataOnly: true, signal },
    });
    const others = items.map(({ metadata }) => metadata.name).filter((name) => name !== pod);
    await Promise.all(
      others.map((name) =>
        label(name, null).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        }),
      ),
    );
  };
  await retryUntilAborted(attempt, { pause, clock, signal, failed });
}
