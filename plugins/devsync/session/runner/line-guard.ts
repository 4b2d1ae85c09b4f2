/**
 * Looks after the line to an agent that has fallen silent. An agent may be busy, and is given time; but where the cluster
 * does not answer either, the line is given up, so that a new one is there as soon as the network is.
 */
import type { Clock } from '../../../../src/clock.ts';
import { UnreachableError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { answers } from '../../../../src/kube/watch/until-answers.ts';
import type { AgentConnection } from '../../launch/agent-connection.ts';

/** Milliseconds: between two looks, of a silence that is looked into, and for each of three answers of the cluster. */
const [every, silence, patience] = [1_000, 8_000, 1_000];
const questions = 3;

/** What was sent on the line while the network was away is sent again after a pause of the kernel's, which has grown. */
const graceMs = 500;

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
    if (connection.silentMs < silence) continue;
    const question = await answeredAt(kube, signal);
    if (question === 1) continue;
    const { context, server } = kube.cluster;
    if (question !== undefined) {
      await clock.sleep(graceMs, signal);
      if (connection.silentMs < silence) continue;
    }
    // Nothing else that was connected gets an answer, either.
    kube.transport.loseConnections(`${context} does not answer`);
    throw new UnreachableError(
      question === undefined
        ? `${context}: no answer from ${server}`
        : `${context}: ${server} answers again, and the line to the agent does not`,
    );
  }
}

/** Which of the questions was answered, from 1; a later one where the network was away at first. */
async function answeredAt(kube: KubeClient, signal: AbortSignal): Promise<number | undefined> {
  for (let question = 1; question <= questions; question++)
    if (await answers(kube, { signal, timeoutMs: patience })) return question;
  return undefined;
}
