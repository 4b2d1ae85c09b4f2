/**
 * Looks after the line to an agent that has fallen silent. An agent may be busy, and is given time; but where the cluster
 * does not answer either, the line is given up, so that a new one is there as soon as the network is.
 */
import type { Clock } from '../../../../src/clock.ts';
import { UnreachableError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { answers } from '../../../../src/kube/watch/until-answers.ts';
import type { AgentConnection } from '../../launch/agent-connection.ts';

/** Milliseconds: between two looks, of a silence that is looked into, and for the cluster to answer. */
const [every, silence, patience] = [1_000, 8_000, 3_000];

export interface GuardOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Rejects with an UnreachableError when the line is given up, else with the signal's reason. */
export async function guardLine(
  connection: Pick<AgentConnection, 'silentMs'>,
  { kube, clock, signal }: GuardOptions,
): Promise<never> {
  for (;;) {
    await clock.sleep(every, signal);
    if (connection.silentMs < silence || (await answers(kube, { signal, timeoutMs: patience }))) continue;
    const { context, server } = kube.cluster;
    // Nothing else that was connected gets an answer, either.
    kube.transport.loseConnections(`${context} does not answer`);
    throw new UnreachableError(`${context}: no answer from ${server}`);
  }
}
